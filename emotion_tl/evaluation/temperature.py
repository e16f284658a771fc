"""Temperature scaling: one number that makes a network as sure as it is right."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from emotion_tl.evaluation.predictions import checked_predictions

TEMPERATURE_RANGE = (0.05, 20.0)
"""Where the temperature is looked for; trained networks need about 0.5 to 5."""


def fit_temperature(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Returns the temperature that makes the log loss smallest, within `TEMPERATURE_RANGE`.

    It is the lower bound itself where lower ones would do as well or better, as without a mistake among the
    predictions, and the upper one where higher ones would.

    Above 1 the network was too sure of itself, below 1 not sure enough. Fit it on val, apply it to test.

    Args:
        labels: (n,), positions of the true classes.
        probabilities: (n, num_classes), rows sum to 1; a probability of 0 counts as the smallest that float64 tells
            from 1.

    Raises:
        DataError: where labels or probabilities are not what they should be.

    Reference:
        Guo et al. 2017, On Calibration of Modern Neural Networks, arXiv:1706.04599.
    """
    labels, probabilities = checked_predictions(labels, probabilities)
    logits = log_probabilities(probabilities)

    def mean_log_loss(temperature: float) -> float:
        scaled = log_softmax(logits / temperature, axis=1)
        return -float(scaled[np.arange(len(labels)), labels].mean())

    bounds = tuple(math.log(bound) for bound in TEMPERATURE_RANGE)
    found = minimize_scalar(
        lambda logarithm: mean_log_loss(math.exp(logarithm)), bounds=bounds, method="bounded", options={"xatol": 1e-6}
    )
    # The search comes near a bound, and stops before it where the loss is 0 already.
    return min((*TEMPERATURE_RANGE, math.exp(found.x)), key=mean_log_loss)


def apply_temperature(probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Returns the probabilities at a temperature, (..., num_classes); the predicted class stays the same."""
    return softmax(log_probabilities(probabilities) / temperature, axis=-1)


def log_probabilities(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Returns the logarithms, finite where a probability is 0."""
    return np.log(np.maximum(probabilities, np.finfo(np.float64).eps, dtype=np.float64))
