"""Is one run better than another on the same test images, or is it chance?"""

from dataclasses import dataclass
from math import isnan

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest

from emotion_tl.evaluation.intervals import percentile_interval
from emotion_tl.evaluation.predictions import checked_predictions
from emotion_tl.evaluation.resampled_metrics import ResampledMetrics

COMPARED_METRICS = ("accuracy", "macro_f1")


@dataclass(frozen=True)
class Difference:
    """A metric of the candidate minus that of the baseline, as a fraction, with a paired interval.

    The ends are NaN where there are too few test images for one: then nothing is claimed.
    """

    value: float
    low: float
    high: float

    @property
    def has_interval(self) -> bool:
        """Returns whether there were test images enough for an interval."""
        return not isnan(self.low)


@dataclass(frozen=True)
class PairedComparison:
    """Two runs on the same test images.

    Attributes:
        num_images: images both were tested on.
        accuracy, macro_f1: candidate minus baseline.
        only_candidate_right, only_baseline_right: images that one alone classified rightly.
        p_value: McNemar's exact test of equal accuracy, two-sided.
        confidence_level: of the intervals; 1 minus it is the level of the test.
    """

    num_images: int
    accuracy: Difference
    macro_f1: Difference
    only_candidate_right: int
    only_baseline_right: int
    p_value: float
    confidence_level: float


def compare_paired(
    labels: ArrayLike,
    baseline_probabilities: ArrayLike,
    candidate_probabilities: ArrayLike,
    num_resamples: int = 2000,
    confidence_level: float = 0.95,
    seed: int = 0,
) -> PairedComparison:
    """Compares two runs image by image, which shows smaller differences than their two intervals laid side by side.

    The test holds for these two trained networks: other seeds of the training would move both.

    Args:
        labels: (n,), positions of the true classes, n >= 2.
        baseline_probabilities: (n, num_classes), rows sum to 1.
        candidate_probabilities: of the same images in the same order.
        num_resamples: resamples of the images; each is drawn for both runs alike.
        confidence_level: of the intervals.
        seed: of the resampling.

    Raises:
        DataError: where the two are not predictions of the same images and classes.
    """
    labels, baseline = checked_predictions(labels, baseline_probabilities)
    _, candidate = checked_predictions(labels, candidate_probabilities, baseline.shape[1])
    candidate_right = candidate.argmax(axis=1) == labels
    baseline_right = baseline.argmax(axis=1) == labels
    only_candidate_right = int((candidate_right & ~baseline_right).sum())
    only_baseline_right = int((baseline_right & ~candidate_right).sum())
    return PairedComparison(
        num_images=len(labels),
        **paired_differences(labels, baseline, candidate, num_resamples, confidence_level, seed),
        only_candidate_right=only_candidate_right,
        only_baseline_right=only_baseline_right,
        p_value=mcnemar_p_value(only_candidate_right, only_baseline_right),
        confidence_level=confidence_level,
    )


def paired_differences(
    labels: NDArray[np.int64],
    baseline: NDArray[np.float64],
    candidate: NDArray[np.float64],
    num_resamples: int,
    confidence_level: float,
    seed: int,
) -> dict[str, Difference]:
    """Returns metric -> difference with its interval."""
    baseline_metrics = ResampledMetrics(labels, baseline)
    candidate_metrics = ResampledMetrics(labels, candidate)

    def differences(draws: NDArray[np.float64]) -> NDArray[np.float64]:
        of_baseline, of_candidate = baseline_metrics.headline(draws), candidate_metrics.headline(draws)
        return np.stack([of_candidate[name] - of_baseline[name] for name in COMPARED_METRICS])

    values = differences(np.ones((1, len(labels))))[:, 0]
    low, high = percentile_interval(differences, len(labels), num_resamples, confidence_level, seed)
    columns = zip(COMPARED_METRICS, values, low, high, strict=True)
    return {name: Difference(float(value), float(a), float(b)) for name, value, a, b in columns}


def mcnemar_p_value(only_candidate_right: int, only_baseline_right: int) -> float:
    """Returns the two-sided p-value of McNemar's exact test: is one of the two right alone more often than the other?

    Reference:
        McNemar 1947, Note on the sampling error of the difference between correlated proportions or percentages,
        Psychometrika 12, 153-157.
    """
    num_discordant = only_candidate_right + only_baseline_right
    if num_discordant == 0:
        return 1.0
    return float(binomtest(only_candidate_right, num_discordant, p=0.5).pvalue)
