"""Does a confidence of 80 % mean right in 80 of 100 images?"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def bin_positions(confidences: NDArray[np.float64], num_bins: int) -> NDArray[np.int64]:
    """Returns for each confidence in 0..1 its bin, from 0. The bins are equally wide and closed above: (0.8, 0.9]."""
    edges = np.linspace(0, 1, num_bins + 1)
    return np.clip(np.digitize(confidences, edges, right=True) - 1, 0, num_bins - 1)


def reliability_bins(
    labels: NDArray[np.int64], probabilities: NDArray[np.floating], num_bins: int = 15
) -> pd.DataFrame:
    """Returns how sure and how right the predictions are, by bins of the confidence.

    Args:
        labels: (n,), positions of the true classes.
        probabilities: (n, num_classes), rows sum to 1.
        num_bins: equally wide bins of the confidence, the probability of the predicted class.

    Returns:
        One row per bin: lower and upper (edges), confidence (mean) and accuracy of the images in it, NaN where there
        are none, and count.
    """
    frame = pd.DataFrame(
        {
            "bin": bin_positions(probabilities.max(axis=1), num_bins),
            "confidence": probabilities.max(axis=1),
            "accuracy": probabilities.argmax(axis=1) == labels,
        }
    )
    bins = frame.groupby("bin").mean().reindex(range(num_bins)).astype(np.float64)
    edges = np.linspace(0, 1, num_bins + 1)
    bins.insert(0, "lower", edges[:-1])
    bins.insert(1, "upper", edges[1:])
    bins["count"] = np.bincount(frame["bin"], minlength=num_bins)
    return bins


def expected_calibration_error(bins: pd.DataFrame) -> float:
    """Returns the mean distance of accuracy and confidence over `reliability_bins`, weighted by their counts, in 0..1.

    It depends on the number of bins, and on few images it is too large: chance alone parts accuracy and confidence.

    Reference:
        Guo et al. 2017, On Calibration of Modern Neural Networks, arXiv:1706.04599.
    """
    gaps = (bins["accuracy"] - bins["confidence"]).abs()
    return float((gaps * bins["count"]).sum() / bins["count"].sum())
