"""How large a difference in accuracy must be for a test on these images to show it."""

import math

from scipy import stats
from scipy.optimize import brentq

POWER = 0.8
"""How often the test finds the smallest difference, as is usual when a study is planned."""
NONE_FOUND = 1.0
"""Stands for the smallest difference where a test would find none, however large."""


def smallest_difference_of_mcnemar(
    num_images: int, discordant_share: float, level: float = 0.05, power: float = POWER
) -> float:
    """Returns the smallest true difference in accuracy that McNemar's test finds with this power, in 0..1.

    A difference needs at least as many images that one of the two alone gets right, so where `discordant_share` is
    smaller than the difference, it grows with it. With fewer than four images it is `NONE_FOUND`.

    Args:
        num_images: both were tested on.
        discordant_share: of the images, those which one of the two alone got right, in 0..1.
        level: of the two-sided test.
        power: the share of test sets of this size on which the test is to reject.

    Reference:
        Connor 1987, Sample size for testing differences in proportions for the paired-sample design, Biometrics 43,
        207-211.
    """
    level_quantile, power_quantile = stats.norm.isf(level / 2), stats.norm.ppf(power)

    def excess(difference: float) -> float:
        discordant = max(discordant_share, difference)
        spread = power_quantile * math.sqrt(discordant - difference**2)
        return difference * math.sqrt(num_images) - level_quantile * math.sqrt(discordant) - spread

    return float(brentq(excess, 1e-12, 1)) if excess(1.0) > 0 else NONE_FOUND


def smallest_difference_of_t_test(
    standard_error: float, degrees_of_freedom: float, num_images: int, level: float = 0.05, power: float = POWER
) -> float:
    """Returns the smallest true difference in accuracy that a two-sided t-test finds with this power, in 0..1.

    Runs that agree on every image have a standard error of 0, and two that agree by chance a small one. A true
    difference would show as images that they do not agree on, so it is never smaller than McNemar's test finds where
    no such image was seen. Where it would be larger than accuracies can differ, it is `NONE_FOUND`.

    Args:
        standard_error: of the difference, with its degrees of freedom.
        num_images: all runs were tested on.
        level: of the two-sided test.
        power: how often the test is to reject.

    Reference:
        Bloom 1995, Minimum detectable effects, Evaluation Review 19, 547-556.
    """
    quantiles = stats.t.isf(level / 2, degrees_of_freedom) + stats.t.ppf(power, degrees_of_freedom)
    smallest = smallest_difference_of_mcnemar(num_images, 0.0, level, power)
    return min(NONE_FOUND, max(smallest, float(quantiles * standard_error)))
