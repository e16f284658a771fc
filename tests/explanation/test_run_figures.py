"""The figures of a run: which images they show, and what they say of them."""

import numpy as np
import pytest

from emotion_tl.explanation import run_figures
from emotion_tl.explanation.examples import draw_examples
from emotion_tl.explanation.feature_maps import cut_at_feature_map
from emotion_tl.explanation.grad_cam import grad_cam
from emotion_tl.explanation.run_figures import average_maps, explain_examples, explanation_figures
from tests import tiny
from tests.explanation.networks import brightness_network

SPLIT = tiny.make_split("test", [5, 4, 3])


@pytest.fixture(scope="module")
def network():
    return cut_at_feature_map(brightness_network(), "simple_cnn")


@pytest.fixture(scope="module")
def probabilities():
    """All are predicted to be of class 1, which so has right examples only, and the others wrong ones."""
    return np.tile([0.1, 0.7, 0.2], (len(SPLIT), 1))


def test_examples_are_drawn_from_the_candidates_and_again_with_the_same_seed():
    is_candidate = np.arange(40) % 2 == 0
    drawn = draw_examples(is_candidate, 5, seed=3)
    assert len(set(drawn)) == 5
    assert is_candidate[drawn].all()
    assert draw_examples(is_candidate, 5, seed=3).tolist() == drawn.tolist()
    assert draw_examples(is_candidate, 5, seed=4).tolist() != drawn.tolist()
    assert len(draw_examples(is_candidate, 50, seed=3)) == 20


def test_examples_stand_in_the_row_of_their_label_with_the_map_of_what_was_predicted(network, probabilities):
    rows = explain_examples(network, SPLIT, probabilities, range(3), seed=0)
    assert [len(row) for row in rows] == [2, 2, 2]
    for label, row in enumerate(rows):
        for each in row:
            (position,) = [i for i in range(len(SPLIT)) if np.array_equal(SPLIT.images[i], each.image)]
            assert SPLIT.labels[position] == label
            assert (each.predicted, each.confidence) == (1, pytest.approx(0.7))
            assert each.activation_map == pytest.approx(grad_cam(network, each.image[None], [1]).maps[0], abs=1e-5)


def test_mean_map_is_that_of_the_label(network):
    against, seen, unseen = average_maps(network, SPLIT, range(3), seed=0)
    assert (against.num_images, against.num_empty) == (5, 5)
    assert (seen.num_images, seen.num_empty) == (4, 0)
    assert (unseen.num_images, unseen.num_empty) == (3, 3)
    images = SPLIT.images[SPLIT.labels == 1]
    assert seen.activation_map == pytest.approx(grad_cam(network, images, [1] * 4).maps.mean(axis=0), abs=1e-5)
    assert seen.image == pytest.approx(images.mean(axis=0), abs=0.51)


@pytest.mark.parametrize(("num_shown", "told"), [(2, "the first 2 of 3 classes"), (3, "each class")])
def test_figures_say_where_classes_are_cut_off(num_shown, told, probabilities, monkeypatch):
    monkeypatch.setattr(run_figures, "MAX_CLASSES", num_shown)
    drawn = explanation_figures(brightness_network(), "simple_cnn", SPLIT, tiny.CLASSES, probabilities, seed=0)
    assert f"sees {told} on test" in drawn["mean_activation_maps"].get_suptitle()
    assert (f"Shown: {told}." in drawn["explanations"].get_supxlabel()) == (num_shown < 3)


def test_figures_say_what_was_predicted_and_where_it_was_empty(probabilities):
    drawn = explanation_figures(brightness_network(), "simple_cnn", SPLIT, tiny.CLASSES, probabilities, seed=0)
    gallery, means = drawn["explanations"], drawn["mean_activation_maps"]
    assert [axis.get_ylabel() for axis in gallery.axes[::4]] == list(tiny.CLASSES)
    assert {axis.get_xlabel() for axis in gallery.axes} == {"happy 70 %", ""}
    # Only "happy" has right ones, and it has no wrong ones.
    assert [[text.get_text() for text in axis.texts] for axis in gallery.axes[::2]] == [
        ["none"],
        [],
        [],
        ["none"],
        ["none"],
        [],
    ]
    assert [axis.get_xlabel() for axis in means.axes[3:6]] == ["5 images\n5 empty", "4 images", "3 images\n3 empty"]
