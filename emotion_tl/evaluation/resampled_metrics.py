"""The headline metrics on thousands of resamples of the images, without computing any of them anew."""

import numpy as np
from numpy.typing import NDArray

from emotion_tl.evaluation.calibration import bin_positions


class ResampledMetrics:
    """The headline metrics as functions of how often each image was drawn.

    Each of them depends on the images only through sums over images: of hits per class, of losses, of calibration gaps
    per bin. So the sums of all resamples are one matrix product of draws (num_resamples, n) and terms (n, num_terms).

    The definitions are those of `compute_metrics`; macro averages run over the classes a resample holds.
    """

    def __init__(self, labels: NDArray[np.int64], probabilities: NDArray[np.float64], num_calibration_bins: int = 15):
        """Takes labels (n,) and probabilities (n, num_classes), rows summing to 1, and works out each image's terms."""
        terms = image_terms(labels, probabilities, num_calibration_bins)
        self.names = list(terms)
        self.terms = np.hstack(list(terms.values()))
        self.splits = np.cumsum([term.shape[1] for term in terms.values()])[:-1]

    def sums(self, draws: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Returns the sums of each kind of term, (num_resamples, width)."""
        return dict(zip(self.names, np.split(draws @ self.terms, self.splits, axis=1), strict=True))

    def headline(self, draws: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Returns each headline metric, (num_resamples,), of draws (num_resamples, n)."""
        sums = self.sums(draws)
        num_images = draws.sum(axis=1)
        metrics = {
            "accuracy": accuracy(sums),
            "balanced_accuracy": mean_over_present(class_recall(sums), sums),
            "macro_f1": mean_over_present(class_f1(sums), sums),
        }
        if sums["support"].shape[1] > 2:
            metrics["top_2_accuracy"] = sums["top_2"][:, 0] / num_images
        return metrics | {
            "log_loss": sums["log_loss"][:, 0] / num_images,
            "brier_score": sums["brier"][:, 0] / num_images,
            "expected_calibration_error": np.abs(sums["calibration_gap"]).sum(axis=1) / num_images,
        }

    def per_class_f1(self, draws: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns the F1 of each class, (num_resamples, num_classes); 0 where a resample has no hit of the class."""
        return class_f1(self.sums(draws))


def image_terms(
    labels: NDArray[np.int64], probabilities: NDArray[np.float64], num_bins: int
) -> dict[str, NDArray[np.float64]]:
    """Returns what each image adds to the sums behind the metrics: arrays (n, width)."""
    classes = np.arange(probabilities.shape[1])
    truth = (labels[:, None] == classes).astype(np.float64)
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    right = (predicted == labels).astype(np.float64)
    bins = bin_positions(confidence, num_bins)[:, None] == np.arange(num_bins)
    smallest = np.finfo(np.float64).eps
    true_probability = np.take_along_axis(probabilities, labels[:, None], axis=1).clip(smallest, 1 - smallest)
    two_likeliest = np.argsort(probabilities, axis=1, kind="stable")[:, -2:]
    return {
        "support": truth,
        "predicted": (predicted[:, None] == classes).astype(np.float64),
        "hits": truth * right[:, None],
        "top_2": (two_likeliest == labels[:, None]).any(axis=1, keepdims=True).astype(np.float64),
        "log_loss": -np.log(true_probability),
        "brier": np.square(probabilities - truth).sum(axis=1, keepdims=True),
        "calibration_gap": bins * (right - confidence)[:, None],
    }


def accuracy(sums: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Returns the share of the images that were classified rightly, (num_resamples,)."""
    return sums["hits"].sum(axis=1) / sums["support"].sum(axis=1)


def mean_over_present(of_classes: NDArray[np.float64], sums: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Returns the mean over the classes that a resample holds, (num_resamples,)."""
    present = sums["support"] > 0
    return (of_classes * present).sum(axis=1) / present.sum(axis=1)


def class_recall(sums: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Returns the recall of each class from its hits and support."""
    return ratio(sums["hits"], sums["support"])


def class_f1(sums: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Returns the F1 of each class from its hits, support and predictions."""
    return ratio(2 * sums["hits"], sums["support"] + sums["predicted"])


def ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the quotient, and 0 where both are 0, as scikit-learn with `zero_division=0`."""
    return numerator / np.maximum(denominator, 1)
