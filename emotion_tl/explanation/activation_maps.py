"""From coarse maps of evidence to maps of the size of the images."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

LARGEST_ROUNDING_ERROR = 1e-12


@dataclass(frozen=True)
class ActivationMaps:
    """Where in each image a network sees a class.

    Attributes:
        maps: float32 (n, height, width) of the size of the images, each from 0 to 1; zero where nothing speaks for the
            class, or something against it.
        is_empty: bool (n,), whether a map is zero everywhere: nothing in the image speaks for the class.
    """

    maps: NDArray[np.float32]
    is_empty: NDArray[np.bool_]


def to_image_maps(evidence: NDArray[np.float32], image_shape: tuple[int, int]) -> ActivationMaps:
    """Keeps what speaks for the class, enlarges it to the images and scales each map to a maximum of 1.

    Args:
        evidence: (n, rows, columns); above zero speaks for the class, below zero against it.
        image_shape: height and width of the images in pixels.
    """
    height, width = image_shape
    positive = np.maximum(evidence, 0).astype("float32")
    maps = np.empty((len(evidence), height, width), "float32")
    for index, values in enumerate(positive):
        maps[index] = cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR)
    largest = maps.max(axis=(1, 2)) if len(maps) else np.zeros(0, "float32")
    is_empty = largest <= LARGEST_ROUNDING_ERROR
    maps /= np.where(is_empty, 1, largest)[:, None, None]
    maps[is_empty] = 0
    return ActivationMaps(maps, is_empty)
