from dataclasses import replace

import pytest

from emotion_tl.analysis.accuracy_test import MCNEMAR_TEST, SEEDS_AND_IMAGES_TEST
from emotion_tl.analysis.difference import Difference
from emotion_tl.analysis.error_agreement import ErrorAgreement
from emotion_tl.analysis.family import CorrectedComparison, correct_family
from emotion_tl.analysis.model_comparison import ModelComparison
from emotion_tl.analysis.wording import (
    comparison_sentence,
    qualified,
    told_accuracy,
    told_p_value,
    told_smallest_points,
)


def comparison(p_value: float, difference: float, candidate_seeds: int = 3, baseline_seeds: int = 3) -> ModelComparison:
    covers_seeds = candidate_seeds + baseline_seeds > 2
    return ModelComparison(
        candidate="vgg16",
        baseline="baseline_cnn",
        candidate_seeds=candidate_seeds,
        baseline_seeds=baseline_seeds,
        num_images=3589,
        accuracy=Difference(difference, difference - 0.014, difference + 0.015),
        macro_f1=Difference(0.031, 0.012, 0.05),
        p_value=p_value,
        test=SEEDS_AND_IMAGES_TEST if covers_seeds else MCNEMAR_TEST,
        covers_seeds=covers_seeds,
        per_class=[],
        agreement=ErrorAgreement(0.6, 0.2, 0.12, 0.08, 0.5, 0.4),
        standard_error=0.007,
        degrees_of_freedom=4,
        confidence_level=0.95,
    )


def sentence(*comparisons: ModelComparison) -> str:
    """Returns what is said of the first comparison, as one of a family of all of them."""
    return comparison_sentence(next(iter(correct_family(dict(enumerate(comparisons))).values())))


def test_a_difference_is_claimed_with_seeds_test_and_correction():
    told = sentence(comparison(0.004, 0.042), comparison(0.3, 0.01), comparison(0.5, 0.01))
    assert told == (
        "vgg16 is more accurate than baseline_cnn on the same 3,589 test images, 3 seeds each: accuracy +4.2 points "
        "(95 % interval +2.8 to +5.7), t-test over seeds and images p = 0.012 after Holm's correction for "
        "3 comparisons (alone p = 0.004); macro-F1 +3.1 points (95 % interval +1.2 to +5.0)."
    )
    assert sentence(comparison(0.004, -0.042)).startswith("vgg16 is less accurate than baseline_cnn on")


def test_the_adjusted_p_value_decides():
    alone = sentence(comparison(0.02, 0.042))
    assert alone.startswith("vgg16 is more accurate")
    assert "Holm" not in alone
    together = sentence(comparison(0.02, 0.042), comparison(0.3, 0.01), comparison(0.5, 0.01))
    assert together.startswith("No difference in accuracy shown between vgg16 and baseline_cnn on")
    assert "p = 0.060 after Holm's correction for 3 comparisons (alone p = 0.020)" in together


def test_where_nothing_is_shown_the_smallest_difference_is_told():
    # With 4 degrees of freedom (2.776 + 0.941) standard errors of 0.7 points, see test_smallest_difference.
    assert sentence(comparison(0.2, 0.01)).endswith(
        "A true difference of 2.6 points would have been found four times in five; a smaller one may be there."
    )


def test_where_nothing_could_have_been_shown_it_is_said():
    hopeless = replace(comparison(0.2, 0.01), standard_error=0.1, degrees_of_freedom=1)
    assert sentence(hopeless).endswith(
        "These runs could have shown no difference, however large: that takes more seeds or more test images."
    )
    (corrected,) = correct_family({"": hopeless}).values()
    assert told_smallest_points(corrected) == "> 100"


def test_one_seed_each_speaks_of_two_trainings():
    told = sentence(comparison(0.004, 0.042, 1, 1))
    assert "test images, 1 seed each: accuracy" in told
    assert "McNemar's exact test p = 0.004;" in told
    assert told.endswith(
        "With one seed each this is about these two trained networks: with other seeds it may turn out otherwise."
    )
    assert "these two trained networks" not in sentence(comparison(0.004, 0.042, 3, 1))
    assert "3 seeds against 1:" in sentence(comparison(0.004, 0.042, 3, 1))


def without_copies(low: float, high: float, p_value: float = 0.004, difference: float = 0.042) -> CorrectedComparison:
    (corrected,) = correct_family({"": comparison(p_value, difference)}).values()
    leak_free = replace(corrected.comparison, accuracy=Difference((low + high) / 2, low, high))
    return replace(corrected, leak_free=leak_free)


def test_the_difference_without_the_copies_is_told():
    told = comparison_sentence(without_copies(0.01, 0.03))
    assert told.endswith("; without the copies accuracy +2.0 points (95 % interval +1.0 to +3.0).")
    assert told_accuracy(without_copies(0.01, 0.03)) == (
        "+4.2 points (+2.8 to +5.7), without the copies +2.0 points (+1.0 to +3.0)"
    )


@pytest.mark.parametrize(
    ("difference", "low", "high", "found"),
    [
        (0.042, -0.01, 0.01, "no difference is shown"),
        (-0.042, -0.01, 0.01, "no difference is shown"),
        (0.042, 0.0, 0.0, "no difference is shown"),
        (0.042, -0.03, -0.01, "it is the other way round"),
        (0.042, 0.01, 0.03, None),
        (-0.042, -0.03, -0.01, None),
    ],
)
def test_a_difference_that_the_copies_alone_show_is_not_claimed_without_them(difference, low, high, found):
    pair = without_copies(low, high, difference=difference)
    failure = f"without the images that have a copy in train or val {found}"
    if found is None:
        assert qualified("It is so", pair) == "It is so"
        assert "But" not in comparison_sentence(pair)
    else:
        assert qualified("It is so", pair) == f"It is so, on all test images, but {failure}"
        assert comparison_sentence(pair).endswith(f". But {failure}.")


def test_where_nothing_is_shown_nothing_is_taken_back():
    assert qualified("It is so", without_copies(0.01, 0.03, p_value=0.2)) == "It is so"
    assert qualified("It is so", without_copies(-0.01, 0.03, p_value=0.2)) == "It is so"


@pytest.mark.parametrize(
    ("p_value", "told"), [(0.0321, "p = 0.032"), (0.001, "p = 0.001"), (0.00099, "p < 0.001"), (0, "p < 0.001")]
)
def test_a_p_value_is_never_zero(p_value, told):
    assert told_p_value(p_value) == told
