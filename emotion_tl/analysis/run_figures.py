"""The figures of each run of a model, and how they vary with the test images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emotion_tl.analysis.model_predictions import ModelPredictions
from emotion_tl.evaluation.intervals import bootstrap_distribution
from emotion_tl.evaluation.resampled_metrics import (
    ResampledMetrics,
    accuracy,
    class_f1,
    class_recall,
    mean_over_present,
)

# Positions among the figures; the recall of each class follows, then the F1 of each class.
ACCURACY, MACRO_F1 = 0, 1


@dataclass(frozen=True, eq=False)
class RunFigures:
    """Figures of the runs of one model.

    Attributes:
        observed: (num_runs, num_figures), on the test images as they are.
        deviations: (num_runs, num_figures, m), scaled such that their products, summed over m, are the variances and
            covariances of the runs' figures that come from the choice of the test images.
    """

    observed: NDArray[np.float64]
    deviations: NDArray[np.float64]

    @property
    def num_runs(self) -> int:
        """Trainings of the model."""
        return len(self.observed)


@dataclass(frozen=True, eq=False)
class ResampledFigures(RunFigures):
    """Accuracy, macro-F1, then the recall and then the F1 of each class, on bootstrap resamples of the images.

    Attributes:
        resampled: (num_runs, num_figures, num_resamples); resample r holds the same images for every run.
    """

    resampled: NDArray[np.float64]


def accuracy_figures(right: NDArray[np.bool_]) -> RunFigures:
    """Returns the accuracy alone, from which images each run got right, (num_runs, n).

    An accuracy is a mean over images, so its variance needs no resampling: this is what infinitely many would give.
    """
    num_images = right.shape[1]
    observed = right.mean(axis=1)
    scale = np.sqrt(num_images * max(1, num_images - 1))
    return RunFigures(observed[:, None], ((right - observed[:, None]) / scale)[:, None, :])


def resampled_figures(models: Sequence[ModelPredictions], num_resamples: int, seed: int) -> list[ResampledFigures]:
    """Returns the figures of each model; the resamples hold the same images for every run of every model.

    Raises:
        DataError: where there are fewer than two images.
    """
    metrics = [ResampledMetrics(model.labels, run, 1) for model in models for run in model.probabilities]

    def of_draws(draws: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate([figures_of(run, draws) for run in metrics])

    num_images = models[0].num_images
    observed = of_draws(np.ones((1, num_images))).reshape(len(metrics), -1)
    resampled = bootstrap_distribution(of_draws, num_images, num_resamples, seed).reshape(*observed.shape, -1)
    deviations = (resampled - resampled.mean(axis=2, keepdims=True)) / np.sqrt(max(1, num_resamples - 1))
    ends = np.cumsum([model.num_seeds for model in models])[:-1]
    parts = zip(np.split(observed, ends), np.split(deviations, ends), np.split(resampled, ends), strict=True)
    return [ResampledFigures(*part) for part in parts]


def figures_of(run: ResampledMetrics, draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns accuracy, macro-F1, recall and F1 of each class, (2 + 2 * num_classes, num_resamples)."""
    sums = run.sums(draws)
    f1 = class_f1(sums)
    return np.vstack([accuracy(sums), mean_over_present(f1, sums), class_recall(sums).T, f1.T])


def recall_positions(num_classes: int) -> slice:
    """Returns where the recalls of the classes stand among the figures."""
    return slice(2, 2 + num_classes)


def f1_positions(num_classes: int) -> slice:
    """Returns where the F1 of the classes stand among the figures."""
    return slice(2 + num_classes, 2 + 2 * num_classes)


def percentile_ends(resampled: NDArray[np.float64], confidence_level: float) -> tuple[NDArray, NDArray]:
    """Returns lower and upper ends, (num_figures,), of the percentile intervals of figures (num_figures, resamples)."""
    tail = (1 - confidence_level) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail], axis=1)
    return low, high
