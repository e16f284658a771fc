"""How far a mean over runs could be off: because of the test images, and because of the seeds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from emotion_tl.analysis.run_figures import RunFigures


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """The standard error of each figure, (num_figures,), and the degrees of freedom it is known with."""

    standard_error: NDArray[np.float64]
    degrees_of_freedom: NDArray[np.float64]

    def before(self, others: "Uncertainty") -> "Uncertainty":
        """Returns these, and those of `others` for the figures after them."""
        num_own = len(self.standard_error)
        return Uncertainty(
            np.concatenate([self.standard_error, others.standard_error[num_own:]]),
            np.concatenate([self.degrees_of_freedom, others.degrees_of_freedom[num_own:]]),
        )

    def interval(self, estimate: ArrayLike, confidence_level: float) -> tuple[NDArray, NDArray]:
        """Returns lower and upper ends of the t interval around each estimate, (num_figures,)."""
        reach = stats.t.ppf((1 + confidence_level) / 2, self.degrees_of_freedom) * self.standard_error
        return np.asarray(estimate) - reach, np.asarray(estimate) + reach

    def p_value(self, estimate: ArrayLike) -> NDArray[np.float64]:
        """Returns the two-sided p-value of each estimate being 0 in truth; 1 where it is 0 without any error."""
        distance = np.abs(np.asarray(estimate, dtype=np.float64))
        with np.errstate(divide="ignore", invalid="ignore"):
            p_values = 2 * stats.t.sf(distance / self.standard_error, self.degrees_of_freedom)
        return np.where(distance == 0, 1.0, p_values)


@dataclass(frozen=True, eq=False)
class SeedVariance:
    """What the seeds of one model add to the variance of a mean over its runs.

    Attributes:
        observed: (num_figures,), variance of the mean as the runs' figures scatter.
        noise: (num_figures,), the part of it that the runs would show with the same true figure, because each is right
            on other images; the image variance holds it already.
        degrees_of_freedom: of `observed`.
    """

    observed: NDArray[np.float64]
    noise: NDArray[np.float64]
    degrees_of_freedom: int


def uncertainty_of_mean(runs: RunFigures, num_images: int) -> Uncertainty:
    """Returns the uncertainty of the mean over the runs of one model: other seeds and other images."""
    image_variance = np.square(runs.deviations.mean(axis=0)).sum(axis=-1)
    seeds = [seed_variance(runs, 1 / runs.num_runs)] if runs.num_runs > 1 else []
    return combine(image_variance, num_images, seeds)


def uncertainty_of_difference(candidate: RunFigures, baseline: RunFigures, num_images: int) -> Uncertainty:
    """Returns the uncertainty of the difference of two models' means over their runs.

    The images are shared, so what they add is the variance of the difference image by image; the seeds are each model's
    own, so their variances add up. A model with one run borrows the seed variance of the other. Where both have one,
    the uncertainty is about other images alone.
    """
    difference = candidate.deviations.mean(axis=0) - baseline.deviations.mean(axis=0)
    several = [runs for runs in (candidate, baseline) if runs.num_runs > 1]
    if len(several) == 1:
        seeds = [seed_variance(several[0], 1 / candidate.num_runs + 1 / baseline.num_runs)]
    else:
        seeds = [seed_variance(runs, 1 / runs.num_runs) for runs in several]
    return combine(np.square(difference).sum(axis=-1), num_images, seeds)


def seed_variance(runs: RunFigures, weight: float) -> SeedVariance:
    """Returns what the seeds of two or more runs add; `weight` is 1 / num_runs for the mean over these runs."""
    own = runs.deviations - runs.deviations.mean(axis=0)
    noise = np.square(own).sum(axis=(0, 2)) / (runs.num_runs - 1)
    return SeedVariance(weight * runs.observed.var(axis=0, ddof=1), weight * noise, runs.num_runs - 1)


def combine(image_variance: NDArray[np.float64], num_images: int, seeds: Sequence[SeedVariance]) -> Uncertainty:
    """Returns the uncertainty from the variance over images and that over seeds.

    The sum is that of a two-way layout with crossed random effects: over images, plus over seeds, minus the noise that
    both of them hold. Its degrees of freedom are Satterthwaite's, with one change. Two or three seeds often agree by
    chance: then the variance comes out too small and, worse, the degrees of freedom too large. So for the degrees of
    freedom the seeds count with no less than the noise, which they must scatter by on a finite test set. That keeps the
    test at its level; `docs/statistics.md` has the rates.

    Reference:
        Satterthwaite 1946, An approximate distribution of estimates of variance components, Biometrics Bulletin 2,
        110-114. Cameron, Gelbach and Miller 2011, Robust inference with multiway clustering, Journal of Business &
        Economic Statistics 29, 238-249.
    """
    variance = image_variance.copy()
    spread_of_variance = np.square(image_variance) / max(1, num_images - 1)
    for seed in seeds:
        variance += np.maximum(seed.observed - seed.noise, 0)
        spread_of_variance += np.square(np.maximum(seed.observed, seed.noise)) / seed.degrees_of_freedom
    known = spread_of_variance > 0
    degrees = np.divide(np.square(variance), spread_of_variance, out=np.ones_like(variance), where=known)
    return Uncertainty(np.sqrt(variance), np.maximum(degrees, 1.0))
