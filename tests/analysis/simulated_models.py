"""Models whose true accuracy is known, for simulations; as a program it prints the table of docs/statistics.md.

Whether a run is right on an image is a matter of how hard the image is for everybody, how hard it is for this model,
and chance of the run. With the shares below two runs of one model differ on about 21 % of the images and runs of two
models on about 27 %, near what networks do on FER2013. The seed moves the accuracy of a run as a whole.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from emotion_tl.analysis.accuracy_test import equal_accuracy_test
from emotion_tl.analysis.model_predictions import ModelPredictions

ACCURACY_OF_BASELINE = 0.65
SHARED_BY_ALL, OWN_OF_MODEL = 0.55, 0.15


@dataclass(frozen=True)
class Scene:
    """Two models: their numbers of seeds, the standard deviations over seeds, the true difference, the test images."""

    candidate_seeds: int
    baseline_seeds: int
    candidate_deviation: float
    baseline_deviation: float
    difference: float = 0.0
    num_images: int = 3589

    def draw(self, rng: np.random.Generator) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Returns which images the runs of the candidate and of the baseline get right, (num_seeds, n) each."""
        shared = rng.standard_normal(self.num_images, dtype=np.float32)
        candidate = draw_right(
            rng, shared, self.candidate_seeds, ACCURACY_OF_BASELINE + self.difference, self.candidate_deviation
        )
        return candidate, draw_right(rng, shared, self.baseline_seeds, ACCURACY_OF_BASELINE, self.baseline_deviation)


@dataclass(frozen=True)
class Rates:
    """Shares of trials: the test rejects, the interval holds the truth, a test over images alone rejects."""

    rejected: float
    covered: float
    rejected_over_images_alone: float


def draw_right(
    rng: np.random.Generator, shared: NDArray[np.float32], num_seeds: int, accuracy: float, deviation: float
) -> NDArray[np.bool_]:
    """Returns which images each run gets right; over seeds and images the expected share is `accuracy` exactly."""
    quantile = stats.norm.ppf(accuracy)
    seed_scale = deviation / stats.norm.pdf(quantile)
    level = quantile * np.sqrt(1 + seed_scale**2) + seed_scale * rng.standard_normal((num_seeds, 1))
    own = rng.standard_normal(len(shared), dtype=np.float32)
    of_run = rng.standard_normal((num_seeds, len(shared)), dtype=np.float32)
    ease = np.sqrt(SHARED_BY_ALL) * shared + np.sqrt(OWN_OF_MODEL) * own
    return ease + np.sqrt(1 - SHARED_BY_ALL - OWN_OF_MODEL) * of_run + level > 0


def draw_models(scene: Scene, rng: np.random.Generator, num_classes: int = 7) -> tuple[ModelPredictions, ...]:
    """Returns the two models with labels and predictions; runs that are wrong often name the same wrong class."""
    labels = rng.permutation(np.arange(scene.num_images) % num_classes)
    likeliest_error = (labels + rng.integers(1, num_classes, scene.num_images)) % num_classes
    models = []
    for name, right in zip(("candidate", "baseline"), scene.draw(rng), strict=True):
        other_error = (labels + rng.integers(1, num_classes, right.shape)) % num_classes
        error = np.where(rng.random(right.shape) < 0.6, likeliest_error, other_error)
        predicted = np.where(right, labels, error)
        probabilities = 0.3 * np.eye(num_classes)[predicted] + 0.7 / num_classes
        has_copy = np.zeros(len(labels), dtype=bool)
        names = tuple(f"class {position}" for position in range(num_classes))
        models.append(ModelPredictions(name, tuple(range(len(right))), labels, probabilities, has_copy, names))
    return tuple(models)


def one_seed(model: ModelPredictions, position: int) -> ModelPredictions:
    """Returns the predictions of one run alone, that at `position` in its seeds."""
    return replace(model, seeds=(model.seeds[position],), probabilities=model.probabilities[[position]])


def simulate(scene: Scene, num_trials: int, seed: int = 0) -> Rates:
    """Returns how the test of the accuracy at the level 0.05 and its 95 % interval fare over many trials."""
    rng = np.random.default_rng(seed)
    outcomes = []
    for _ in range(num_trials):
        candidate, baseline = scene.draw(rng)
        test = equal_accuracy_test(candidate, baseline)
        difference = candidate.mean() - baseline.mean()
        low, high = test.uncertainty.interval(difference, 0.95)
        per_image = candidate.mean(axis=0) - baseline.mean(axis=0)
        over_images = stats.ttest_1samp(per_image, 0).pvalue
        outcomes.append((test.p_value < 0.05, low[0] <= scene.difference <= high[0], over_images < 0.05))
    return Rates(*map(float, np.mean(outcomes, axis=0)))


def table_row(scene: Scene, num_trials: int = 4000) -> str:
    """Returns a row of the table: false positives of both tests, coverage, and power for a difference of 2 points."""
    equal, better = simulate(scene, num_trials), simulate(replace(scene, difference=0.02), num_trials // 4, seed=1)
    seeds = f"{scene.candidate_seeds} and {scene.baseline_seeds}"
    deviations = f"{100 * scene.candidate_deviation:.1f} and {100 * scene.baseline_deviation:.1f}"
    rates = (equal.rejected, equal.covered, better.covered, better.rejected, equal.rejected_over_images_alone)
    return f"| {seeds} | {deviations} | " + " | ".join(f"{100 * rate:.1f}" for rate in rates) + " |"


NUMBERS_OF_SEEDS = ((1, 1), (2, 2), (3, 3), (5, 5), (3, 1), (5, 2))
DEVIATIONS = ((0.0, 0.0), (0.003, 0.003), (0.006, 0.006), (0.01, 0.01), (0.003, 0.01))

if __name__ == "__main__":
    scenes = [Scene(*numbers, *deviations) for numbers in NUMBERS_OF_SEEDS for deviations in DEVIATIONS]
    with ProcessPoolExecutor() as pool:
        for row in pool.map(table_row, scenes):
            print(row)
            sys.stdout.flush()
