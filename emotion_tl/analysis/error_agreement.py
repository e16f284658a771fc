"""Do two models fail on the same images, and in the same way?"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from statsmodels.stats.inter_rater import cohens_kappa

from emotion_tl.analysis.model_predictions import ModelPredictions


@dataclass(frozen=True)
class ErrorAgreement:
    """Errors of two models on the same images, each share the mean over all pairs of their runs.

    Attributes:
        both_right, both_wrong, only_candidate, only_baseline: shares of the images, by who was right; they sum to 1.
        kappa: Cohen's kappa of right and wrong; 1 where they fail on the same images, 0 where as by chance, None where
            a run got all images right, or none.
        same_wrong_class: of the images that both got wrong, the share where both said the same; None without any.

    Reference:
        Cohen 1960, A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20, 37-46.
    """

    both_right: float
    both_wrong: float
    only_candidate: float
    only_baseline: float
    kappa: float | None
    same_wrong_class: float | None


def error_agreement(candidate: ModelPredictions, baseline: ModelPredictions) -> ErrorAgreement:
    """Returns how far the errors of two models on the same images agree."""
    tables = right_and_wrong_tables(candidate, baseline)
    shares = tables.mean(axis=0) / candidate.num_images
    return ErrorAgreement(
        both_right=float(shares[0, 0]),
        both_wrong=float(shares[1, 1]),
        only_candidate=float(shares[0, 1]),
        only_baseline=float(shares[1, 0]),
        kappa=mean_of_known([kappa_of(table) for table in tables]),
        same_wrong_class=mean_of_known(list(same_wrong_classes(candidate, baseline))),
    )


def right_and_wrong_tables(candidate: ModelPredictions, baseline: ModelPredictions) -> NDArray[np.int64]:
    """Returns counts of images, (pairs of runs, 2, 2): rows candidate right and wrong, columns baseline right and wrong.

    The pairs run over the baseline's runs first.
    """
    first, second = (np.stack([model.right, ~model.right]).astype(np.float64) for model in (candidate, baseline))
    counts = np.einsum("asn,btn->stab", first, second)
    return counts.reshape(-1, 2, 2).round().astype(np.int64)


def kappa_of(table: NDArray[np.int64]) -> float | None:
    """Returns Cohen's kappa of a table of right and wrong, None where one side is always right or always wrong."""
    if not (table.sum(axis=0).all() and table.sum(axis=1).all()):
        return None
    return float(cohens_kappa(table).kappa)


def same_wrong_classes(candidate: ModelPredictions, baseline: ModelPredictions) -> Iterator[float | None]:
    """Yields for each pair of runs how often both said the same, among the images both got wrong."""
    labels = candidate.labels
    for first in candidate.probabilities.argmax(axis=2):
        for second in baseline.probabilities.argmax(axis=2):
            both_wrong = (first != labels) & (second != labels)
            yield float((first == second)[both_wrong].mean()) if both_wrong.any() else None


def mean_of_known(values: list[float | None]) -> float | None:
    """Returns the mean of the values that are not None, None where there are none."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
