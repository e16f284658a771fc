"""Predictions drawn for the tests."""

import numpy as np
from numpy.typing import NDArray


def draw_predictions(
    num_images: int, num_classes: int, seed: int = 0, skill: float = 1.5
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Returns labels of unequally large classes, and probabilities that know something of them."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(num_classes, num_images, p=rng.dirichlet(np.full(num_classes, 4.0)))
    logits = rng.normal(size=(num_images, num_classes))
    logits[np.arange(num_images), labels] += skill
    odds = np.exp(logits)
    return labels, odds / odds.sum(axis=1, keepdims=True)


def sure_predictions(predicted: NDArray[np.int64], num_classes: int, confidence: float = 0.9) -> NDArray[np.float64]:
    """Returns probabilities that give `confidence` to the predicted classes and share the rest equally."""
    probabilities = np.full((len(predicted), num_classes), (1 - confidence) / (num_classes - 1))
    probabilities[np.arange(len(predicted)), predicted] = confidence
    return probabilities
