import numpy as np
import pytest

from emotion_tl.analysis.run_figures import (
    ACCURACY,
    MACRO_F1,
    accuracy_figures,
    f1_positions,
    percentile_ends,
    recall_positions,
    resampled_figures,
)
from emotion_tl.evaluation.intervals import bootstrap_intervals
from emotion_tl.evaluation.metrics import compute_metrics
from tests.analysis.simulated_models import Scene, draw_models, one_seed

SCENE = Scene(3, 2, 0.02, 0.02, difference=0.1, num_images=400)


def test_figures_are_the_metrics_of_each_run():
    models = draw_models(SCENE, np.random.default_rng(0), num_classes=4)
    for model, figures in zip(models, resampled_figures(models, 10, 0), strict=True):
        assert figures.num_runs == model.num_seeds
        assert figures.resampled.shape == (model.num_seeds, 10, 10)
        for run, observed in zip(model.probabilities, figures.observed, strict=True):
            expected = compute_metrics(model.labels, run, model.class_names)
            assert observed[ACCURACY] == pytest.approx(expected["accuracy"])
            assert observed[MACRO_F1] == pytest.approx(expected["macro_f1"])
            per_class = expected["per_class"]
            assert observed[recall_positions(4)] == pytest.approx([row["recall"] for row in per_class])
            assert observed[f1_positions(4)] == pytest.approx([row["f1"] for row in per_class])


def test_all_runs_see_the_same_resamples():
    model, _ = draw_models(SCENE, np.random.default_rng(0))
    first, second = resampled_figures([model, model], 20, 3)
    np.testing.assert_array_equal(first.resampled, second.resampled)
    # A metric of its own for each resample: they are not all alike.
    assert len(np.unique(first.resampled[0, MACRO_F1])) > 15


def test_percentiles_are_those_of_the_metrics_of_one_run():
    model, _ = draw_models(SCENE, np.random.default_rng(0))
    (figures,) = resampled_figures([one_seed(model, 1)], 200, 5)
    low, high = percentile_ends(figures.resampled[0], 0.9)
    expected = bootstrap_intervals(model.labels, model.probabilities[1], 200, 0.9, seed=5)
    for position, name in ((ACCURACY, "accuracy"), (MACRO_F1, "macro_f1")):
        assert (low[position], high[position]) == pytest.approx(tuple(expected[name].values()))


def test_exact_variances_are_those_of_many_resamples():
    model, _ = draw_models(SCENE, np.random.default_rng(0))
    exact, (figures,) = accuracy_figures(model.right), resampled_figures([model], 4000, 0)
    assert exact.observed[:, 0] == pytest.approx(figures.observed[:, ACCURACY])
    covariance = exact.deviations[:, 0] @ exact.deviations[:, 0].T
    share = model.right[0].mean()
    assert covariance[0, 0] == pytest.approx(share * (1 - share) / 399)
    resampled = figures.deviations[:, ACCURACY] @ figures.deviations[:, ACCURACY].T
    # The standard error of a bootstrap variance from 4,000 resamples is 2.2 %.
    np.testing.assert_allclose(resampled, covariance, rtol=0.1)
