"""Are two models equally accurate? The one test whose verdict a report tells."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from emotion_tl.analysis.run_figures import accuracy_figures
from emotion_tl.analysis.uncertainty import Uncertainty, uncertainty_of_difference

MCNEMAR_TEST = "McNemar's exact test"
SEEDS_AND_IMAGES_TEST = "t-test over seeds and images"


@dataclass(frozen=True, eq=False)
class AccuracyTest:
    """A two-sided test of equal accuracy.

    Attributes:
        name: which test it is.
        p_value: of it.
        uncertainty: of the difference; about other images alone where both models have one run.
        num_images: both were tested on.
        covers_seeds: it is about other trainings and other images, not about two networks.
    """

    name: str
    p_value: float
    uncertainty: Uncertainty
    num_images: int
    covers_seeds: bool


def equal_accuracy_test(candidate: NDArray[np.bool_], baseline: NDArray[np.bool_]) -> AccuracyTest:
    """Returns McNemar's test where both models have one run, and else the t-test over seeds and images.

    Args:
        candidate: (num_seeds, n), which images each of its runs got right.
        baseline: (num_seeds, n), of the other model, on the same images.
    """
    num_images = candidate.shape[1]
    uncertainty = uncertainty_of_difference(accuracy_figures(candidate), accuracy_figures(baseline), num_images)
    if len(candidate) == len(baseline) == 1:
        only_candidate, only_baseline = int((candidate & ~baseline).sum()), int((baseline & ~candidate).sum())
        p_value = mcnemar_p_value(only_candidate, only_baseline)
        return AccuracyTest(MCNEMAR_TEST, p_value, uncertainty, num_images, covers_seeds=False)
    p_value = float(uncertainty.p_value(candidate.mean() - baseline.mean())[0])
    return AccuracyTest(SEEDS_AND_IMAGES_TEST, p_value, uncertainty, num_images, covers_seeds=True)


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
