import numpy as np
import pytest

from emotion_tl.analysis.accuracy_test import mcnemar_p_value
from emotion_tl.analysis.difference import Difference
from emotion_tl.analysis.model_comparison import ModelComparison, compare_models
from emotion_tl.analysis.model_predictions import ModelPredictions


def compare_runs(labels, baseline, candidate, num_resamples=100, seed=0) -> ModelComparison:
    """Compares two networks by their probabilities on the same images."""
    models = [
        ModelPredictions(
            name, (0,), labels, run[np.newaxis], np.zeros(len(labels), dtype=bool), ("a", "b", "c")[: run.shape[1]]
        )
        for name, run in (("candidate", candidate), ("baseline", baseline))
    ]
    return compare_models(*models, num_resamples=num_resamples, seed=seed)


def binary_run(right: np.ndarray) -> np.ndarray:
    """Returns probabilities of two classes, right on class 0 where `right` says so."""
    return np.where(right[:, None], [0.9, 0.1], [0.1, 0.9])


@pytest.mark.parametrize(
    ("only_one", "only_other", "p_value"),
    [
        # Fay, Exact McNemar's Test and Matching Confidence Intervals (vignette of the R package exact2x2):
        # the table 21, 9, 2, 12 gives p = 0.06543.
        (9, 2, 0.06543),
        # Fagerland, Lydersen and Laake 2017, Statistical Analysis of Contingency Tables, section 8: airway
        # hyper-responsiveness before and after stem cell transplantation (Bentur et al. 2009) gives p = 0.0703.
        (1, 7, 0.0703),
        (0, 0, 1),
        (4, 4, 1),
    ],
)
def test_mcnemar_agrees_with_published_examples(only_one, only_other, p_value):
    assert mcnemar_p_value(only_one, only_other) == pytest.approx(p_value, abs=5e-5)
    assert mcnemar_p_value(only_other, only_one) == mcnemar_p_value(only_one, only_other)


def test_comparison_of_a_known_table():
    # Fay's table as images: 21 both right, 9 and 2 one alone, 12 neither.
    baseline = np.repeat([True, False, True, False], [21, 9, 2, 12])
    candidate = np.repeat([True, True, False, False], [21, 9, 2, 12])
    result = compare_runs(np.zeros(44, dtype=int), binary_run(baseline), binary_run(candidate), 500)
    assert result.num_images == 44
    assert (result.agreement.only_candidate, result.agreement.only_baseline) == pytest.approx((9 / 44, 2 / 44))
    assert result.accuracy.value == pytest.approx(7 / 44)
    assert result.accuracy.low < 7 / 44 < result.accuracy.high
    assert result.p_value == pytest.approx(0.06543, abs=5e-6)


def test_swapping_the_runs_turns_the_sign():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 200)
    runs = [rng.dirichlet(np.ones(3), 200) + 2 * np.eye(3)[labels] * skill for skill in (0.2, 0.4)]
    first, second = (run / run.sum(axis=1, keepdims=True) for run in runs)
    forth, back = compare_runs(labels, first, second, 200), compare_runs(labels, second, first, 200)
    assert forth.p_value == back.p_value
    assert forth.macro_f1.value == -back.macro_f1.value > 0
    assert forth.macro_f1.low == pytest.approx(-back.macro_f1.high)


def test_a_run_does_not_differ_from_itself():
    run = binary_run(np.arange(50) % 3 > 0)
    result = compare_runs(np.zeros(50, dtype=int), run, run, 100)
    assert result.accuracy == result.macro_f1 == Difference(0, 0, 0)
    assert result.p_value == 1


@pytest.mark.slow
def test_equal_models_are_seldom_called_different():
    rng = np.random.default_rng(0)
    num_trials, labels = 400, np.zeros(300, dtype=int)
    num_rejected = num_excluding_zero = 0
    for trial in range(num_trials):
        # Each model is right on 65 % of the images; on half of the images both agree, as trained networks do.
        shared, own = rng.random((300, 1)) < 0.65, rng.random((300, 2)) < 0.65
        right = np.where(rng.random((300, 1)) < 0.5, shared, own)
        result = compare_runs(labels, binary_run(right[:, 0]), binary_run(right[:, 1]), 200, seed=trial)
        num_rejected += result.p_value < 0.05
        num_excluding_zero += not result.accuracy.low <= 0 <= result.accuracy.high
    # The exact test keeps below its level of 0.05; the standard error of the share is 0.011.
    assert 0.01 <= num_rejected / num_trials <= 0.065
    assert 0.02 <= num_excluding_zero / num_trials <= 0.085


def test_a_real_difference_is_found():
    rng = np.random.default_rng(0)
    baseline, candidate = rng.random(1000) < 0.60, rng.random(1000) < 0.70
    result = compare_runs(np.zeros(1000, dtype=int), binary_run(baseline), binary_run(candidate), 300)
    assert result.p_value < 0.001
    assert 0 < result.accuracy.low < 0.1 < result.accuracy.high
