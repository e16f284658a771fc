"""What temperature scaling is told to do, also where there is nothing to fit a temperature on."""

import numpy as np
import pytest

from emotion_tl.analysis.calibration_gain import calibration_gain
from emotion_tl.analysis.model_predictions import ModelPredictions
from emotion_tl.analysis.report.use import calibration_table, told_bounds, told_temperature

LABELS = np.arange(40) % 2
RIGHT, INVERTED = LABELS, 1 - LABELS
# Eight of forty are wrong.
MIXED = np.where(np.arange(40) % 5 == 0, 1 - LABELS, LABELS)


def predictions(*predicted: np.ndarray, confidence: float = 0.9) -> ModelPredictions:
    """Returns the predictions of one run for each array of predicted classes."""
    probabilities = np.array([np.where(np.eye(2)[each] > 0, confidence, 1 - confidence) for each in predicted])
    seeds = tuple(range(len(predicted)))
    return ModelPredictions("net", seeds, LABELS, probabilities, np.zeros(40, bool), ("angry", "happy"))


@pytest.mark.parametrize(
    ("on_val", "told", "explained"),
    [
        # log 9 / T = log 4.
        ([MIXED], "1.58", []),
        ([RIGHT], "0.05 or less", ["Or less: the search ends at 0.05"]),
        ([INVERTED], "20.00 or more", ["Or more: the search ends at 20"]),
        # The mean over the seeds is bounded as soon as one of them is.
        ([MIXED, RIGHT], "0.82 or less", ["Or less: the search ends at 0.05"]),
    ],
)
def test_a_temperature_at_a_bound_is_told_as_one(on_val, told, explained):
    gain = calibration_gain("net", predictions(*on_val), predictions(*[MIXED] * len(on_val)))
    assert told_temperature(gain) == told
    assert [sentence.partition(",")[0] for sentence in told_bounds([gain])] == explained
    assert f">{told}<" in calibration_table([gain]).html()
