"""A model before and after temperature scaling: is it as sure as it is right?"""

from dataclasses import dataclass, replace

import numpy as np

from emotion_tl.analysis.model_predictions import ModelPredictions
from emotion_tl.errors import DataError
from emotion_tl.evaluation.resampled_metrics import ResampledMetrics
from emotion_tl.evaluation.temperature import apply_temperature, fit_temperature


@dataclass(frozen=True)
class Calibration:
    """How good the probabilities are, each the mean over the runs: see `compute_metrics` for the definitions."""

    expected_calibration_error: float
    log_loss: float
    brier_score: float


@dataclass(frozen=True, eq=False)
class TemperedModel:
    """A model with one temperature per run, fitted on val.

    Attributes:
        temperatures: of each run, in the order of the seeds; above 1 the run was too sure of itself.
        before, after: on the test images.
        test: the predictions after; the predicted classes are those of before.
    """

    temperatures: tuple[float, ...]
    before: Calibration
    after: Calibration
    test: ModelPredictions


def temper(val: ModelPredictions, test: ModelPredictions, num_calibration_bins: int = 15) -> TemperedModel:
    """Returns the model with the temperatures that suit val best.

    Args:
        val: predictions of each run on val.
        test: predictions of the same runs on test.
        num_calibration_bins: bins of the expected calibration error.

    Raises:
        DataError: where val and test are not of the same runs.
    """
    if (val.name, val.seeds) != (test.name, test.seeds):
        raise DataError(
            f"Expected the same runs on val and test, got {val.name} with seeds {list(val.seeds)} on val and "
            f"{test.name} with seeds {list(test.seeds)} on test. Give both splits of each run."
        )
    temperatures = tuple(fit_temperature(val.labels, run) for run in val.probabilities)
    runs = zip(test.probabilities, temperatures, strict=True)
    tempered = replace(test, probabilities=np.stack([apply_temperature(run, value) for run, value in runs]))
    return TemperedModel(
        temperatures, calibration(test, num_calibration_bins), calibration(tempered, num_calibration_bins), tempered
    )


def calibration(model: ModelPredictions, num_calibration_bins: int = 15) -> Calibration:
    """Returns the mean over the runs of what tells how good the probabilities are."""
    once = np.ones((1, model.num_images))
    runs = [ResampledMetrics(model.labels, run, num_calibration_bins).headline(once) for run in model.probabilities]
    names = Calibration.__dataclass_fields__
    return Calibration(**{name: float(np.mean([run[name] for run in runs])) for name in names})
