"""The metrics of a set of predictions."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    confusion_matrix,
    log_loss,
    precision_recall_fscore_support,
    roc_auc_score,
    top_k_accuracy_score,
)

from emotion_tl.evaluation.calibration import expected_calibration_error, reliability_bins
from emotion_tl.evaluation.predictions import checked_predictions

SCORES = ("precision", "recall", "f1")


def compute_metrics(
    labels: ArrayLike, probabilities: ArrayLike, class_names: Sequence[str], num_calibration_bins: int = 15
) -> dict[str, Any]:
    """Returns the metrics of predictions, ready for JSON.

    A class without images has no precision, recall and F1 (None), and the macro averages, the balanced accuracy and the
    ROC AUC run over the classes that are present. A class that is present and never predicted has a precision and an F1
    of 0.

    Args:
        labels: (n,), positions of the true classes.
        probabilities: (n, num_classes), rows sum to 1.
        class_names: one name per column.
        num_calibration_bins: bins of the expected calibration error.

    Returns:
        num_images; accuracy, balanced_accuracy (the same as macro_recall), macro_ and weighted_ precision, recall and
        f1, top_2_accuracy (only with more than two classes), all in 0..1; log_loss in nats; brier_score in 0..2, the
        mean over the images of the squared errors summed over the classes, with two classes too;
        expected_calibration_error in 0..1; roc_auc_ovr, the macro average of one class against the rest, None where
        only one class is present; per_class, a list of class, precision, recall, f1 and support; confusion_matrix,
        counts with a row per true class and a column per predicted one.

    Raises:
        DataError: where labels or probabilities are not what they should be.
    """
    labels, probabilities = checked_predictions(labels, probabilities, len(class_names))
    predicted = probabilities.argmax(axis=1)
    classes = np.arange(len(class_names))
    return {
        "num_images": len(labels),
        "accuracy": float(accuracy_score(labels, predicted)),
        **average_metrics(labels, predicted),
        **probability_metrics(labels, probabilities, num_calibration_bins),
        "per_class": class_metrics(labels, predicted, class_names),
        "confusion_matrix": confusion_matrix(labels, predicted, labels=classes).tolist(),
    }


def average_metrics(labels: NDArray[np.int64], predicted: NDArray[np.int64]) -> dict[str, float]:
    """Returns precision, recall and F1, macro-averaged and weighted by support, over the classes that are present."""
    metrics: dict[str, float] = {}
    for average in ("macro", "weighted"):
        precision, recall, f1, _ = precision_recall_fscore_support(
            labels, predicted, labels=np.unique(labels), average=average, zero_division=0
        )
        metrics |= {
            f"{average}_precision": float(precision),
            f"{average}_recall": float(recall),
            f"{average}_f1": float(f1),
        }
    return {"balanced_accuracy": metrics["macro_recall"], **metrics}


def probability_metrics(
    labels: NDArray[np.int64], probabilities: NDArray[np.float64], num_calibration_bins: int
) -> dict[str, float | None]:
    """Returns the metrics that need more than the predicted class."""
    classes = np.arange(probabilities.shape[1])
    metrics: dict[str, float | None] = {}
    if len(classes) > 2:
        metrics["top_2_accuracy"] = float(top_k_accuracy_score(labels, probabilities, k=2, labels=classes))
    bins = reliability_bins(labels, probabilities, num_calibration_bins)
    return metrics | {
        "log_loss": float(log_loss(labels, probabilities, labels=classes)),
        "brier_score": float(brier_score_loss(labels, probabilities, labels=classes, scale_by_half=False)),
        "expected_calibration_error": expected_calibration_error(bins),
        "roc_auc_ovr": roc_auc_one_vs_rest(labels, probabilities),
    }


def roc_auc_one_vs_rest(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float | None:
    """Returns the mean over the present classes of the area under the ROC curve, or None where only one is present."""
    present = np.unique(labels)
    if len(present) < 2:
        return None
    return float(roc_auc_score(labels[:, None] == present, probabilities[:, present], average="macro"))


def class_metrics(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], class_names: Sequence[str]
) -> list[dict[str, Any]]:
    """Returns class, precision, recall, f1 and support of each class; None for a class without images."""
    columns = precision_recall_fscore_support(labels, predicted, labels=np.arange(len(class_names)), zero_division=0)
    rows = []
    for name, *scores, support in zip(class_names, *columns, strict=True):
        known = [float(score) if support else None for score in scores]
        rows.append({"class": name, **dict(zip(SCORES, known, strict=True)), "support": int(support)})
    return rows
