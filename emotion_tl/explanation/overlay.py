"""An activation map laid on its image."""

import matplotlib
import numpy as np
from numpy.typing import ArrayLike, NDArray

# Its steps are told apart with any colour vision, and its bright end stands out from grey faces.
COLORMAP = "inferno"
# Of the colour map; what is below is nearly black, and would darken the image rather than mark it.
DARKEST_COLOR = 0.25
LARGEST_OPACITY = 0.7
# Between an image and its overlay, as a share of the width.
GAP = 0.04


def overlay(image: NDArray[np.uint8], activation_map: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Returns an image on which the places that speak for a class glow; the others stay as they are.

    Args:
        image: uint8 (height, width, 1 or 3), RGB order.
        activation_map: (height, width), 0 to 1.

    Returns:
        uint8 (height, width, 3), RGB order.
    """
    opacity = LARGEST_OPACITY * activation_map[..., None]
    blended = (1 - opacity) * to_rgb(image) + opacity * 255 * marking_colors(activation_map)
    return np.rint(blended).astype(np.uint8)


def beside_overlay(image: NDArray[np.uint8], activation_map: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Returns the image, a white gap and its overlay side by side: uint8 (height, wider than twice the width, 3)."""
    height, width = image.shape[:2]
    gap = np.full((height, max(1, round(GAP * width)), 3), 255, np.uint8)
    return np.concatenate([to_rgb(image), gap, overlay(image, activation_map)], axis=1)


def to_rgb(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Returns a grey or RGB image with three channels."""
    return np.broadcast_to(image, (*image.shape[:2], 3))


def marking_colors(strength: ArrayLike) -> NDArray[np.float64]:
    """Returns the colours, (..., 3) from 0 to 1, of places whose maps have the strength 0 to 1."""
    return matplotlib.colormaps[COLORMAP](DARKEST_COLOR + (1 - DARKEST_COLOR) * np.asarray(strength))[..., :3]
