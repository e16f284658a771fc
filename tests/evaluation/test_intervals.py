import numpy as np
import pytest
from sklearn.metrics import f1_score

from emotion_tl.errors import DataError
from emotion_tl.evaluation import intervals
from emotion_tl.evaluation.intervals import bootstrap_intervals, class_f1_intervals, draws_of, percentile_interval
from emotion_tl.evaluation.metrics import compute_metrics
from emotion_tl.evaluation.resampled_metrics import ResampledMetrics
from tests.evaluation.examples import draw_predictions, sure_predictions


@pytest.mark.parametrize("num_classes", [2, 7])
@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_resampled_metrics_are_the_metrics_of_the_resample(num_classes, seed):
    labels, probabilities = draw_predictions(60, num_classes)
    positions = np.arange(60) if seed is None else np.random.default_rng(seed).integers(0, 60, 60)
    resampled = ResampledMetrics(labels, probabilities).headline(draws_of(positions[None]))
    names = [str(position) for position in range(num_classes)]
    expected = compute_metrics(labels[positions], probabilities[positions], names)
    assert ("top_2_accuracy" in resampled) == (num_classes > 2)
    for name, value in resampled.items():
        assert value == pytest.approx(expected[name], rel=1e-12), name


def test_resamples_that_miss_a_class_average_over_the_others():
    labels = np.array([0, 0, 1, 2])
    probabilities = sure_predictions(np.array([0, 1, 1, 1]), 3)
    draws = np.array([[1, 2, 1, 0], [0, 0, 2, 2]])
    resampled = ResampledMetrics(labels, probabilities).headline(draws.astype(float))
    for row, draw in enumerate(draws):
        positions = np.repeat(np.arange(4), draw)
        expected = compute_metrics(labels[positions], probabilities[positions], ["a", "b", "c"])
        assert resampled["macro_f1"][row] == pytest.approx(expected["macro_f1"])
        assert resampled["balanced_accuracy"][row] == pytest.approx(expected["balanced_accuracy"])


def test_draws_count_each_position():
    np.testing.assert_array_equal(draws_of(np.array([[2, 2, 0], [1, 0, 2]])), [[1, 0, 2], [1, 1, 1]])


def test_intervals_hold_the_estimates_and_repeat():
    labels, probabilities = draw_predictions(400, 5)
    metrics = compute_metrics(labels, probabilities, list("abcde"))
    first = bootstrap_intervals(labels, probabilities, num_resamples=300, seed=4)
    assert list(first) == [
        *("accuracy", "balanced_accuracy", "macro_f1", "top_2_accuracy"),
        *("log_loss", "brier_score", "expected_calibration_error"),
    ]
    for name, interval in first.items():
        assert 0 <= interval["low"] <= metrics[name] <= interval["high"], name
    assert bootstrap_intervals(labels, probabilities, num_resamples=300, seed=4) == first
    assert bootstrap_intervals(labels, probabilities, num_resamples=300, seed=5) != first


def test_a_higher_confidence_level_is_wider():
    labels, probabilities = draw_predictions(400, 3)
    narrow = bootstrap_intervals(labels, probabilities, 300, confidence_level=0.8)["accuracy"]
    wide = bootstrap_intervals(labels, probabilities, 300, confidence_level=0.99)["accuracy"]
    assert wide["low"] < narrow["low"] < narrow["high"] < wide["high"]


def test_small_batches_give_the_same_intervals(monkeypatch):
    labels, probabilities = draw_predictions(100, 3)
    whole = bootstrap_intervals(labels, probabilities, num_resamples=50)
    monkeypatch.setattr(intervals, "MAX_DRAWS_IN_MEMORY", 700)
    batched = bootstrap_intervals(labels, probabilities, num_resamples=50)
    for name, interval in whole.items():
        assert batched[name] == pytest.approx(interval), name


def test_accuracy_interval_covers_the_true_accuracy():
    rng = np.random.default_rng(0)
    num_trials, num_covered, true_accuracy = 400, 0, 0.7
    for trial in range(num_trials):
        predicted = (rng.random(200) > true_accuracy).astype(int)
        probabilities = sure_predictions(predicted, 2)
        interval = bootstrap_intervals(np.zeros(200, dtype=int), probabilities, 300, seed=trial)["accuracy"]
        num_covered += interval["low"] <= true_accuracy <= interval["high"]
    # 0.95, less about 0.01 for the few images and resamples; the standard error of the share is 0.011.
    assert 0.90 <= num_covered / num_trials <= 0.98


def test_calibration_interval_of_a_calibrated_model_comes_near_zero():
    rng = np.random.default_rng(0)
    lows = []
    for trial in range(50):
        confidence = rng.uniform(0.5, 1, 500)
        labels = (rng.random(500) > confidence).astype(int)
        probabilities = np.stack([confidence, 1 - confidence], axis=1)
        lows.append(bootstrap_intervals(labels, probabilities, 200, seed=trial)["expected_calibration_error"]["low"])
    # The true error is 0; a percentile interval starts at about 0.03 here and never comes near.
    assert np.mean(np.array(lows) < 0.01) > 0.6


def test_class_f1_intervals_hold_the_f1():
    labels, probabilities = draw_predictions(400, 4)
    f1 = f1_score(labels, probabilities.argmax(axis=1), average=None)
    rows = class_f1_intervals(labels, probabilities, num_resamples=300)
    assert len(rows) == 4
    assert all(row["low"] < value < row["high"] for row, value in zip(rows, f1, strict=True))


def test_one_image_has_no_interval():
    assert bootstrap_intervals([0], [[0.7, 0.3]]) == {}
    assert class_f1_intervals([0], [[0.7, 0.3]]) == []
    with pytest.raises(DataError, match="two or more images"):
        percentile_interval(lambda draws: draws.T, 1, 10, 0.95, 0)
