from emotion_tl.fed import WHOLE_NETWORK, is_cached, told_activations, told_phases


def test_what_a_run_says_of_its_phases_is_understood():
    activations = told_activations("avg_pool", ("image", "mirror"))
    assert is_cached(told_phases({"frozen": activations, "unfrozen": WHOLE_NETWORK}))
    assert not is_cached(told_phases({"frozen": WHOLE_NETWORK, "unfrozen": WHOLE_NETWORK}))


def test_the_words_are_those_of_finished_runs():
    """With other words the next seed of a model would not be taken for one of its seeds."""
    told = told_phases({"frozen": told_activations("avg_pool", ("image", "mirror")), "unfrozen": WHOLE_NETWORK})
    assert told == "frozen: cached activations of avg_pool; views: image, mirror; unfrozen: images"
