"""Is one model better than another on the same test images, over their trainings, or is it chance?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emotion_tl.analysis.accuracy_test import AccuracyTest, equal_accuracy_test
from emotion_tl.analysis.difference import Difference
from emotion_tl.analysis.error_agreement import ErrorAgreement, error_agreement
from emotion_tl.analysis.interval_ends import sound_ends
from emotion_tl.analysis.model_predictions import ModelPredictions, check_same_images
from emotion_tl.analysis.run_figures import (
    ACCURACY,
    MACRO_F1,
    ResampledFigures,
    f1_positions,
    percentile_ends,
    recall_positions,
    resampled_figures,
)
from emotion_tl.analysis.smallest_difference import smallest_difference_of_mcnemar, smallest_difference_of_t_test
from emotion_tl.analysis.uncertainty import uncertainty_of_difference


@dataclass(frozen=True)
class ClassDifference:
    """Candidate minus baseline on the images of one class; `support` is how many these are."""

    class_name: str
    support: int
    recall: Difference
    f1: Difference


@dataclass(frozen=True)
class ModelComparison:
    """Two models on the same test images, candidate minus baseline.

    Attributes:
        candidate, baseline: names.
        candidate_seeds, baseline_seeds: numbers of runs.
        num_images: both were tested on.
        accuracy, macro_f1: differences of the means over the runs, as fractions, each with its interval.
        p_value: two-sided, of equal accuracy.
        test: which one gave it, a constant of `accuracy_test`.
        covers_seeds: test and intervals are about other trainings and other images; False where both have one run:
            then they are about these two networks.
        per_class: one for each class that has test images.
        agreement: of the errors.
        standard_error, degrees_of_freedom: of the difference in accuracy; with one run each over images alone.
        confidence_level: of each interval alone; 1 minus it is the level of the test.
    """

    candidate: str
    baseline: str
    candidate_seeds: int
    baseline_seeds: int
    num_images: int
    accuracy: Difference
    macro_f1: Difference
    p_value: float
    test: str
    covers_seeds: bool
    per_class: list[ClassDifference]
    agreement: ErrorAgreement
    standard_error: float
    degrees_of_freedom: float
    confidence_level: float

    def smallest_difference_at(self, level: float) -> float:
        """Returns the smallest difference in accuracy that the test would have found with power 0.8 at a level."""
        if self.covers_seeds:
            return smallest_difference_of_t_test(self.standard_error, self.degrees_of_freedom, self.num_images, level)
        discordant_share = self.agreement.only_candidate + self.agreement.only_baseline
        return smallest_difference_of_mcnemar(self.num_images, discordant_share, level)


def compare_models(
    candidate: ModelPredictions,
    baseline: ModelPredictions,
    num_resamples: int = 2000,
    confidence_level: float = 0.95,
    seed: int = 0,
) -> ModelComparison:
    """Compares two models image by image, which shows smaller differences than their two intervals laid side by side.

    With one run each the test is McNemar's, exact, and the intervals are paired percentile bootstrap intervals over the
    images: statements about these two networks, which other seeds would move. With several runs of at least one, test
    and intervals take the variance over images (by paired bootstrap; exactly for the accuracy) and that over seeds from
    `uncertainty_of_difference`: statements about the two models as they would be trained again.

    Args:
        candidate: predictions of one model.
        baseline: of the other, on the same two or more images in the same order.
        num_resamples: resamples of the images; each is drawn for all runs alike.
        confidence_level: of each interval alone.
        seed: of the resampling.

    Raises:
        DataError: where the two are not predictions of the same images and classes, or of fewer than two images.
    """
    check_same_images(candidate, baseline)
    test = equal_accuracy_test(candidate.right, baseline.right)
    of_candidate, of_baseline = resampled_figures([candidate, baseline], num_resamples, seed)
    differences = differences_of(of_candidate, of_baseline, test, candidate.support, confidence_level)
    return describe(candidate, baseline, test, differences, confidence_level)


def describe(
    candidate: ModelPredictions,
    baseline: ModelPredictions,
    test: AccuracyTest,
    differences: list[Difference],
    confidence_level: float,
) -> ModelComparison:
    """Returns two models side by side, with what was found of them; `differences` are those of `differences_of`."""
    return ModelComparison(
        candidate=candidate.name,
        baseline=baseline.name,
        candidate_seeds=candidate.num_seeds,
        baseline_seeds=baseline.num_seeds,
        num_images=candidate.num_images,
        accuracy=differences[ACCURACY],
        macro_f1=differences[MACRO_F1],
        p_value=test.p_value,
        test=test.name,
        covers_seeds=test.covers_seeds,
        per_class=class_differences(candidate, differences),
        agreement=error_agreement(candidate, baseline),
        standard_error=float(test.uncertainty.standard_error[0]),
        degrees_of_freedom=float(test.uncertainty.degrees_of_freedom[0]),
        confidence_level=confidence_level,
    )


def differences_of(
    candidate: ResampledFigures,
    baseline: ResampledFigures,
    test: AccuracyTest,
    support: NDArray[np.int64],
    confidence_level: float,
) -> list[Difference]:
    """Returns the difference of each figure with its interval: over seeds and images, or percentiles over images."""
    values = candidate.observed.mean(axis=0) - baseline.observed.mean(axis=0)
    if test.covers_seeds:
        uncertainty = test.uncertainty.before(uncertainty_of_difference(candidate, baseline, test.num_images))
        ends = uncertainty.interval(values, confidence_level)
    else:
        ends = percentile_ends(candidate.resampled[0] - baseline.resampled[0], confidence_level)
    low, high = sound_ends(ends, support, lowest=-1.0)
    return [Difference(float(value), float(a), float(b)) for value, a, b in zip(values, low, high, strict=True)]


def class_differences(model: ModelPredictions, differences: list[Difference]) -> list[ClassDifference]:
    """Returns the differences in recall and F1 of the classes that have images, the same for both models."""
    num_classes = len(model.class_names)
    columns = (
        model.class_names,
        map(int, model.support),
        differences[recall_positions(num_classes)],
        differences[f1_positions(num_classes)],
    )
    return [ClassDifference(*row) for row in zip(*columns, strict=True) if row[1] > 0]
