"""How large a difference in accuracy must be for a test on these images to show it."""

import math

from scipy import stats
from scipy.optimize import brentq

POWER = 0.8
"""How often the test finds the smallest difference, as is usual when a study is planned."""


def smallest_difference_of_mcnemar(
    num_images: int, discordant_share: float, level: float = 0.05, power: float = POWER
) -> float:
    """Returns the smallest true difference in accuracy that McNemar's test finds with this power, in 0..1.

    A difference needs at least as many images that one of the two alone gets right, so where `discordant_share` is
    smaller than the difference, it grows with it. With fewer than four images no difference is found, and 1 is returned.

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

    return float(brentq(excess, 0, 1)) if excess(1.0) > 0 else 1.0


def smallest_difference_of_t_test(
    standard_error: float, degrees_of_freedom: float, level: float = 0.05, power: float = POWER
) -> float:
    """Returns the smallest true difference that a two-sided t-test finds with this power, in the unit of the error.

    Reference:
        Bloom 1995, Minimum detectable effects, Evaluation Review 19, 547-556.
    """
    quantiles = stats.t.isf(level / 2, degrees_of_freedom) + stats.t.ppf(power, degrees_of_freedom)
    return float(quantiles * standard_error)
