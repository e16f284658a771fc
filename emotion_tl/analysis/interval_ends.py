"""Intervals end where a figure can be no further, and there are none for a class with hardly any test images."""

import numpy as np
from numpy.typing import NDArray

from emotion_tl.analysis.run_figures import f1_positions, recall_positions

MIN_CLASS_IMAGES = 10
"""Test images of a class from which on its recall and F1 have intervals.

All intervals come from resamples of the test images. A resample leaves out a class of n images with the probability
e^-n: one in 7 with two images, whose recall then counts as 0, and fewer than one in 20,000 with ten. And where a few
images are all right or all wrong, every resample says the same, and the interval has no width.
"""

TOO_FEW_IMAGES = "too few test images"
"""What stands in the place of the intervals that are missing."""


def sound_ends(
    ends: tuple[NDArray[np.float64], NDArray[np.float64]], support: NDArray[np.int64], lowest: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns the ends of the intervals of figures, as far as they can be believed.

    Args:
        ends: lower and upper, (num_figures,) each, of the figures of `run_figures`.
        support: test images of each class.
        lowest: what the figures cannot be below: 0 of shares, -1 of their differences. Neither can be above 1.

    Returns:
        Both ends, not beyond these limits; NaN for recall and F1 of the classes with too few test images.
    """
    is_rare = support < MIN_CLASS_IMAGES
    unknown = np.zeros(len(ends[0]), dtype=bool)
    for positions in (recall_positions(len(support)), f1_positions(len(support))):
        unknown[positions] = is_rare
    low, high = (np.where(unknown, np.nan, np.clip(end, lowest, 1.0)) for end in ends)
    return low, high
