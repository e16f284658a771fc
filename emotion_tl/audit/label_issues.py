"""Images whose label is probably wrong, by confident learning: candidates for a second look, not verdicts.

A classifier that has never seen an image gives its probabilities; where it is surer of another class than it usually is
of that class, the label is doubted. What the classifier cannot tell apart it cannot judge either, so its accuracy
stands beside the candidates.

Reference: Northcutt, Jiang, Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", Journal of
Artificial Intelligence Research 70, arXiv:1911.00068; as in the package cleanlab.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores


@dataclass(frozen=True, eq=False)
class LabelIssues:
    """Labels that are doubted.

    Attributes:
        features: what the classifier saw, in words.
        num_folds: of the cross-validation.
        accuracy: of the classifier on images it had not seen, against the labels as they are, 0..1.
        candidates: the doubted images, the most doubtful first; columns number (of the image), suggested (position in
            the class names), label_probability and suggested_probability (0..1).
        by_class: a row a class; columns num_candidates and share (of the images of the class, 0..1).
        confusions: the doubted labels by given and suggested class, the most frequent first; columns label, suggested,
            num_candidates.
    """

    features: str
    num_folds: int
    accuracy: float
    candidates: pd.DataFrame = field(repr=False)
    by_class: pd.DataFrame = field(repr=False)
    confusions: pd.DataFrame = field(repr=False)

    def summary(self) -> dict[str, Any]:
        """Returns the figures, for JSON."""
        return {
            "features": self.features,
            "num_folds": self.num_folds,
            "accuracy": self.accuracy,
            "num_candidates": len(self.candidates),
            "by_class": self.by_class.to_dict("index"),
            "confusions": self.confusions.to_dict("records"),
        }


def judge_labels(
    probabilities: np.ndarray, labels: np.ndarray, class_names: tuple[str, ...], features: str, num_folds: int
) -> LabelIssues:
    """Finds the labels that out-of-sample probabilities speak against.

    Args:
        probabilities: (n, num_classes).
        labels: int64 (n,).
        features, num_folds: what the probabilities come from.
    """
    is_doubted = find_label_issues(labels, probabilities, filter_by="both", n_jobs=1)
    quality = get_label_quality_scores(labels, probabilities, method="normalized_margin")
    numbers = np.flatnonzero(is_doubted)
    numbers = numbers[np.argsort(quality[numbers], kind="stable")]
    suggested = probabilities[numbers].argmax(axis=1)
    candidates = pd.DataFrame(
        {
            "number": numbers,
            "suggested": suggested,
            "label_probability": probabilities[numbers, labels[numbers]],
            "suggested_probability": probabilities[numbers, suggested],
        }
    )
    counts = np.bincount(labels[numbers], minlength=len(class_names))
    sizes = np.bincount(labels, minlength=len(class_names))
    names = np.array(class_names, dtype=object)
    pairs = pd.DataFrame({"label": names[labels[numbers]], "suggested": names[suggested]})
    return LabelIssues(
        features=features,
        num_folds=num_folds,
        accuracy=float((probabilities.argmax(axis=1) == labels).mean()),
        candidates=candidates,
        by_class=pd.DataFrame({"num_candidates": counts, "share": counts / sizes}, index=list(class_names)),
        confusions=pairs.value_counts().rename("num_candidates").reset_index(),
    )
