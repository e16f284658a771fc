"""Intervals of figures that cannot go further, and of classes with hardly any test images."""

from math import isnan

import numpy as np
import pytest

from emotion_tl.analysis.figures.intervals import IntervalLine
from emotion_tl.analysis.interval_ends import MIN_CLASS_IMAGES, sound_ends
from emotion_tl.analysis.model_comparison import compare_models
from emotion_tl.analysis.model_predictions import ModelPredictions
from emotion_tl.analysis.seed_summary import summarise_seeds
from emotion_tl.analysis.told import told_in_words, told_points, told_spread

NAMES = ("angry", "happy")


def model(num_rare: int, num_seeds: int, rare_is_right: bool) -> ModelPredictions:
    """Returns a model that gets all rare images or none, and all but a few of 60 others."""
    labels = np.array([0] * num_rare + [1] * 60)
    predicted = np.stack([labels] * num_seeds)
    predicted[:, :num_rare] = 0 if rare_is_right else 1
    for seed in range(num_seeds):
        predicted[seed, num_rare + 3 * seed : num_rare + 4 * seed + 5] = 0
    probabilities = 0.8 * np.eye(2)[predicted] + 0.1
    return ModelPredictions("a", tuple(range(num_seeds)), labels, probabilities, np.zeros(len(labels), bool), NAMES)


@pytest.mark.parametrize(("num_rare", "num_seeds"), [(2, 3), (4, 1), (9, 3), (9, 1)])
def test_a_class_with_few_test_images_has_no_interval(num_rare, num_seeds):
    good, poor = model(num_rare, num_seeds, rare_is_right=True), model(num_rare, num_seeds, rare_is_right=False)
    recall = summarise_seeds(good, 200).class_recall
    assert told_spread(recall["angry"]) == "100.0 (too few test images)"
    assert recall["happy"].has_interval
    rare, common = compare_models(good, poor, 200, confidence_level=0.9875).per_class
    for difference in (rare.recall, rare.f1):
        assert not difference.has_interval
        assert not difference.low > 0
        assert not difference.high < 0
    assert told_points(rare.recall) == "+100.0 (too few test images)"
    assert told_in_words(rare.recall) == "+100.0 points (too few test images)"
    assert IntervalLine.of_difference("angry (2)", rare.recall, "grey").name == "angry (2), too few test images"
    assert common.recall.has_interval
    assert common.f1.has_interval


def test_a_class_with_test_images_enough_has_one():
    good, poor = (model(MIN_CLASS_IMAGES, 3, rare_is_right=right) for right in (True, False))
    assert summarise_seeds(good, 200).class_recall["angry"].has_interval
    rare, _ = compare_models(good, poor, 200).per_class
    assert rare.recall.low > 0
    assert IntervalLine.of_difference("angry", rare.recall, "grey").name == "angry"


def test_no_interval_goes_beyond_what_a_figure_can_be():
    ends = (np.array([-0.3, 0.2, -1.5, 0.5, 0.1, 0.1]), np.array([0.4, 1.2, 1.5, 1.1, 0.2, 0.3]))
    low, high = sound_ends(ends, np.array([10, 9]), lowest=0.0)
    assert low == pytest.approx([0, 0.2, 0, np.nan, 0.1, np.nan], nan_ok=True)
    assert high == pytest.approx([0.4, 1, 1, np.nan, 0.2, np.nan], nan_ok=True)
    low, high = sound_ends(ends, np.array([10, 10]), lowest=-1.0)
    assert low == pytest.approx([-0.3, 0.2, -1, 0.5, 0.1, 0.1])
    assert high == pytest.approx([0.4, 1, 1, 1, 0.2, 0.3])


def test_a_model_that_is_nearly_always_right_is_not_better_than_that():
    summary = summarise_seeds(model(12, 3, rare_is_right=True), 200, confidence_level=0.999)
    for spread in (summary.accuracy, summary.macro_f1, *summary.class_recall.values()):
        assert 0 <= spread.low <= spread.mean <= spread.high <= 1
    assert not isnan(summary.accuracy.low)
