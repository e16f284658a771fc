import numpy as np
import pytest
from scipy.special import softmax

from emotion_tl.analysis.model_predictions import ModelPredictions
from emotion_tl.analysis.tempered import calibration, temper
from emotion_tl.errors import DataError
from emotion_tl.evaluation.metrics import compute_metrics

TRUE_TEMPERATURES = (2.0, 0.5)


def draw(seed: int, num_images: int = 8000) -> ModelPredictions:
    """Returns two runs whose probabilities are right, but told at other temperatures."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.standard_normal((num_images, 4))
    labels = (rng.random((num_images, 1)) > softmax(logits, axis=1).cumsum(axis=1)).sum(axis=1).clip(0, 3)
    runs = np.stack([softmax(logits * temperature, axis=1) for temperature in TRUE_TEMPERATURES])
    return ModelPredictions("vgg16", (0, 1), labels, runs, np.zeros(num_images, dtype=bool), tuple("abcd"))


def test_each_run_gets_its_own_temperature_from_val():
    val, test = draw(0), draw(1)
    tempered = temper(val, test)
    assert tempered.temperatures == pytest.approx(TRUE_TEMPERATURES, rel=0.06)
    assert tempered.after.expected_calibration_error < 0.02 < 0.08 < tempered.before.expected_calibration_error
    assert tempered.after.log_loss < tempered.before.log_loss
    assert tempered.after.brier_score < tempered.before.brier_score
    np.testing.assert_array_equal(tempered.test.right, test.right)


def test_figures_are_the_means_of_the_metrics_of_the_runs():
    model = draw(0, 200)
    found = calibration(model, 10)
    runs = [compute_metrics(model.labels, run, model.class_names, 10) for run in model.probabilities]
    for name in ("expected_calibration_error", "log_loss", "brier_score"):
        assert getattr(found, name) == pytest.approx(np.mean([run[name] for run in runs]))


def test_other_runs_on_val_are_refused():
    with pytest.raises(DataError, match=r"seeds \[0\] on val and vgg16 with seeds \[0, 1\] on test"):
        temper(draw(0, 50).of_seed(0), draw(1, 50))
