"""How far the metrics could be off because the test images are a sample."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from emotion_tl.errors import DataError
from emotion_tl.evaluation.predictions import checked_predictions
from emotion_tl.evaluation.resampled_metrics import ResampledMetrics

Interval = dict[str, float]
"""{"low": ..., "high": ...}"""

# Draws held in memory at once: 16 MB as int64, a few times that with the copies on the way.
MAX_DRAWS_IN_MEMORY = 2_000_000


def bootstrap_intervals(
    labels: ArrayLike,
    probabilities: ArrayLike,
    num_resamples: int = 2000,
    confidence_level: float = 0.95,
    num_calibration_bins: int = 15,
    seed: int = 0,
) -> dict[str, Interval]:
    """Returns percentile bootstrap intervals over the images (of the expected calibration error a `mirrored` one).

    They tell how the figures would move with other test images, not with another seed of the training.

    Args:
        labels: (n,), positions of the true classes.
        probabilities: (n, num_classes), rows sum to 1.
        num_resamples: resamples of the n images, each drawn with replacement.
        confidence_level: of each interval alone.
        num_calibration_bins: bins of the expected calibration error.
        seed: of the resampling.

    Returns:
        An interval for accuracy, balanced_accuracy, macro_f1, top_2_accuracy (with more than two classes), log_loss,
        brier_score and expected_calibration_error. Empty where there is but one image.

    Reference:
        Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13.
    """
    labels, probabilities = checked_predictions(labels, probabilities)
    if len(labels) < 2:
        return {}
    metrics = ResampledMetrics(labels, probabilities, num_calibration_bins)

    def headline(draws: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack(list(metrics.headline(draws).values()))

    low, high = percentile_interval(headline, len(labels), num_resamples, confidence_level, seed)
    estimates = metrics.headline(np.ones((1, len(labels))))
    intervals = named_intervals(list(estimates), low, high)
    name = "expected_calibration_error"
    return intervals | {name: mirrored(intervals[name], float(estimates[name][0]))}


def class_f1_intervals(
    labels: ArrayLike,
    probabilities: ArrayLike,
    num_resamples: int = 2000,
    confidence_level: float = 0.95,
    seed: int = 0,
) -> list[Interval]:
    """Returns a percentile bootstrap interval of the F1 of each class, in the order of the columns of `probabilities`.

    A class without images gets 0 and 0. The list is empty where there is but one image.
    """
    labels, probabilities = checked_predictions(labels, probabilities)
    if len(labels) < 2:
        return []
    metrics = ResampledMetrics(labels, probabilities)
    low, high = percentile_interval(
        lambda draws: metrics.per_class_f1(draws).T, len(labels), num_resamples, confidence_level, seed
    )
    return list(named_intervals([str(position) for position in range(len(low))], low, high).values())


def percentile_interval(
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    num_images: int,
    num_resamples: int,
    confidence_level: float,
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns lower and upper ends, (k,), of the percentile bootstrap intervals of k statistics.

    Args:
        statistic: takes draws (batch, num_images), how often each image was drawn, and returns (k, batch).
        num_images: 2 or more.
        num_resamples: resamples of the images.
        confidence_level: of the intervals.
        seed: of the resampling.

    Raises:
        DataError: where there are fewer than two images.
    """
    result = bootstrap(statistic, num_images, num_resamples, confidence_level, seed)
    return result.confidence_interval.low, result.confidence_interval.high


def bootstrap_distribution(
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]], num_images: int, num_resamples: int, seed: int
) -> NDArray[np.float64]:
    """Returns k statistics on each resample, (k, num_resamples); the arguments are those of `percentile_interval`.

    The same number of images and the same seed give the same resamples, whatever the statistic.

    Raises:
        DataError: where there are fewer than two images.
    """
    return bootstrap(statistic, num_images, num_resamples, 0.95, seed).bootstrap_distribution


def bootstrap(
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    num_images: int,
    num_resamples: int,
    confidence_level: float,
    seed: int,
) -> Any:
    """Returns SciPy's result for statistics of how often each image was drawn."""
    if num_images < 2:
        raise DataError(f"Expected two or more images to resample, got {num_images}. Test on more images.")

    def of_positions(positions: NDArray[np.int64], axis: int) -> NDArray[np.float64]:  # noqa: ARG001  scipy's signature
        return statistic(draws_of(positions))

    return stats.bootstrap(
        (np.arange(num_images),),
        of_positions,
        n_resamples=num_resamples,
        batch=max(1, MAX_DRAWS_IN_MEMORY // num_images),
        vectorized=True,
        confidence_level=confidence_level,
        method="percentile",
        rng=np.random.default_rng(seed),
    )


def draws_of(positions: NDArray[np.int64]) -> NDArray[np.float64]:
    """Returns how often each image was drawn, (batch, n), from the positions of the drawn images, (batch, n)."""
    batch, num_images = positions.shape
    shifted = positions + num_images * np.arange(batch)[:, None]
    return np.bincount(shifted.ravel(), minlength=batch * num_images).reshape(batch, num_images).astype(np.float64)


def named_intervals(names: list[str], low: NDArray[np.float64], high: NDArray[np.float64]) -> dict[str, Interval]:
    """Returns name -> {"low", "high"}."""
    return {name: {"low": float(a), "high": float(b)} for name, a, b in zip(names, low, high, strict=True)}


def mirrored(interval: Interval, estimate: float) -> Interval:
    """Returns the basic bootstrap interval that belongs to a percentile one, cut at 0.

    Chance makes an expected calibration error too large, in the data and once more in each resample; mirroring at the
    estimate takes the excess off. With a true error below about 0.02 the interval still covers less often than it says.
    """
    return {"low": max(0.0, 2 * estimate - interval["high"]), "high": max(0.0, 2 * estimate - interval["low"])}
