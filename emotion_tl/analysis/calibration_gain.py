"""How far the probabilities can be trusted, before and after a temperature that was fitted on val."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import log_loss

from emotion_tl.analysis.compared_model import ComparedModel
from emotion_tl.analysis.model_predictions import ModelPredictions
from emotion_tl.evaluation.calibration import expected_calibration_error, reliability_bins
from emotion_tl.evaluation.temperature import TEMPERATURE_RANGE, apply_temperature, fit_temperature


@dataclass(frozen=True)
class CalibrationGain:
    """What temperature scaling does to a model on test; means over the seeds.

    Attributes:
        name: of the model.
        temperature: above 1 the model was too sure of itself.
        is_at_lowest, is_at_highest: whether that of a seed lies where the search for it ends, so that it is that or
            less, or that or more.
        error_before, error_after: expected calibration error, 0..1.
        log_loss_before, log_loss_after: in nats.
    """

    name: str
    temperature: float
    is_at_lowest: bool
    is_at_highest: bool
    error_before: float
    error_after: float
    log_loss_before: float
    log_loss_after: float


def find_calibration_gains(models: Sequence[ComparedModel]) -> list[CalibrationGain]:
    """Returns what temperature scaling does to each model."""
    return [calibration_gain(model.name, model.val, model.test) for model in models]


def calibration_gain(name: str, val: ModelPredictions, test: ModelPredictions) -> CalibrationGain:
    """Fits a temperature on the val predictions of each seed and applies it to its test predictions."""
    seeds = zip(val.probabilities, test.probabilities, strict=True)
    figures = np.array([calibrate(val.labels, on_val, test.labels, on_test) for on_val, on_test in seeds])
    is_at_bound = [bound in figures[:, 0] for bound in TEMPERATURE_RANGE]
    temperature, *others = figures.mean(axis=0).tolist()
    return CalibrationGain(name, temperature, *is_at_bound, *others)


def calibrate(
    val_labels: np.ndarray, val: np.ndarray, test_labels: np.ndarray, test: np.ndarray
) -> tuple[float, float, float, float, float]:
    """Returns temperature, calibration error before and after it, and log loss before and after it."""
    temperature = fit_temperature(val_labels, val)
    scaled = apply_temperature(test, temperature)
    errors = [expected_calibration_error(reliability_bins(test_labels, each)) for each in (test, scaled)]
    losses = [log_loss(test_labels, each, labels=np.arange(test.shape[1])) for each in (test, scaled)]
    return temperature, errors[0], errors[1], losses[0], losses[1]
