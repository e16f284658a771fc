import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from emotion_tl.analysis.error_agreement import error_agreement, kappa_of
from emotion_tl.analysis.model_predictions import ModelPredictions
from tests.analysis.simulated_models import Scene, draw_models


def model(*predicted: list[int], labels: list[int]) -> ModelPredictions:
    runs = np.stack([0.9 * np.eye(3)[run] + 0.1 / 3 for run in predicted])
    return ModelPredictions(
        "a", tuple(range(len(predicted))), np.array(labels), runs, np.zeros(len(labels), dtype=bool), tuple("abc")
    )


def test_shares_of_a_small_example():
    labels = [0, 0, 0, 0, 0, 0, 0, 0]
    candidate = model([0, 0, 0, 0, 0, 1, 2, 1], labels=labels)
    baseline = model([0, 0, 0, 1, 2, 1, 1, 0], labels=labels)
    result = error_agreement(candidate, baseline)
    shares = (result.both_right, result.only_candidate, result.only_baseline, result.both_wrong)
    assert shares == (3 / 8, 2 / 8, 1 / 8, 2 / 8)
    assert result.same_wrong_class == 1 / 2
    swapped = error_agreement(baseline, candidate)
    assert (swapped.only_candidate, swapped.only_baseline) == (1 / 8, 2 / 8)
    assert swapped.kappa == result.kappa


def test_kappa_is_agreement_beyond_chance():
    assert kappa_of(np.array([[40, 10], [10, 40]])) == pytest.approx(0.6)


def test_kappa_is_the_mean_over_all_pairs_of_runs():
    candidate, baseline = draw_models(Scene(3, 2, 0.02, 0.02, num_images=500), np.random.default_rng(0))
    expected = [cohen_kappa_score(first, second) for first in candidate.right for second in baseline.right]
    result = error_agreement(candidate, baseline)
    assert result.kappa == pytest.approx(np.mean(expected))
    assert result.both_right + result.both_wrong + result.only_candidate + result.only_baseline == pytest.approx(1)


def test_what_cannot_be_said_is_none():
    perfect = model([0, 1, 2], labels=[0, 1, 2])
    result = error_agreement(perfect, model([0, 1, 1], labels=[0, 1, 2]))
    assert result.kappa is None
    assert result.same_wrong_class is None
    assert result.only_candidate == pytest.approx(1 / 3)
