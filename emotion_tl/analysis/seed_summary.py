"""One model over its seeds: how good it is, and how sure that is."""

from dataclasses import dataclass
from math import isnan

import numpy as np
from numpy.typing import NDArray

from emotion_tl.analysis.interval_ends import sound_ends
from emotion_tl.analysis.model_predictions import ModelPredictions
from emotion_tl.analysis.run_figures import (
    ACCURACY,
    MACRO_F1,
    ResampledFigures,
    RunFigures,
    accuracy_figures,
    percentile_ends,
    recall_positions,
    resampled_figures,
)
from emotion_tl.analysis.uncertainty import uncertainty_of_mean


@dataclass(frozen=True)
class Spread:
    """A metric over the runs of one model, as fractions.

    Attributes:
        mean: over the runs.
        standard_deviation: over the runs, None with one.
        low, high: interval of the mean; NaN where there are too few test images for one.
        per_seed: the metric of each run, in the order of the seeds.
    """

    mean: float
    standard_deviation: float | None
    low: float
    high: float
    per_seed: tuple[float, ...]

    @property
    def has_interval(self) -> bool:
        """Returns whether there were test images enough for an interval."""
        return not isnan(self.low)


@dataclass(frozen=True)
class SeedSummary:
    """One model over its runs.

    Attributes:
        name: of the model.
        seeds: of its runs.
        num_images: it was tested on.
        accuracy, macro_f1: with their intervals.
        class_recall: class name -> recall with its interval, of each class that has images.
        covers_seeds: the intervals are about other trainings and other images; False with one run: other images alone.
        confidence_level: of the intervals.
    """

    name: str
    seeds: tuple[int, ...]
    num_images: int
    accuracy: Spread
    macro_f1: Spread
    class_recall: dict[str, Spread]
    covers_seeds: bool
    confidence_level: float


def summarise_seeds(
    model: ModelPredictions, num_resamples: int = 2000, confidence_level: float = 0.95, seed: int = 0
) -> SeedSummary:
    """Summarises the runs of one model.

    With several runs the interval is for what the model is expected to reach, over trainings with other seeds and over
    other test images of the same kind: a t interval, see `uncertainty_of_mean`. With one run it is the percentile
    bootstrap interval over the images. `sound_ends` tells where it ends, and which recalls have none.

    Args:
        model: its predictions on two or more images.
        num_resamples: resamples of the images.
        confidence_level: of each interval alone.
        seed: of the resampling.

    Raises:
        DataError: where there are fewer than two images.
    """
    (figures,) = resampled_figures([model], num_resamples, seed)
    ends = interval_of_mean(figures, accuracy_figures(model.right), model.num_images, confidence_level)
    low, high = sound_ends(ends, model.support, lowest=0.0)
    all_figures = [spread(figures.observed[:, position], low[position], high[position]) for position in range(len(low))]
    recall = all_figures[recall_positions(len(model.class_names))]
    return SeedSummary(
        name=model.name,
        seeds=model.seeds,
        num_images=model.num_images,
        accuracy=all_figures[ACCURACY],
        macro_f1=all_figures[MACRO_F1],
        class_recall={model.class_names[position]: recall[position] for position in np.flatnonzero(model.support)},
        covers_seeds=model.num_seeds > 1,
        confidence_level=confidence_level,
    )


def interval_of_mean(
    figures: ResampledFigures, exact: RunFigures, num_images: int, confidence_level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns lower and upper ends, (num_figures,), of the mean over the runs of each figure."""
    if figures.num_runs == 1:
        return percentile_ends(figures.resampled[0], confidence_level)
    uncertainty = uncertainty_of_mean(exact, num_images).before(uncertainty_of_mean(figures, num_images))
    return uncertainty.interval(figures.observed.mean(axis=0), confidence_level)


def spread(per_seed: NDArray[np.float64], low: float, high: float) -> Spread:
    """Returns a metric of each run with its mean, standard deviation and the interval of the mean."""
    deviation = float(per_seed.std(ddof=1)) if len(per_seed) > 1 else None
    return Spread(float(per_seed.mean()), deviation, float(low), float(high), tuple(map(float, per_seed)))
