"""The mistakes a model is surest of: often a wrong label, sometimes what it has not understood."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from emotion_tl.evaluation.figure_style import INK, RED, SMALL, WIDTH, entitle, shortened, styled

NUM_COLUMNS = 6
MAX_LETTERS = 20
"""That fit over and under an image."""


def surest_mistakes(labels: ArrayLike, probabilities: ArrayLike, num_images: int) -> NDArray[np.int64]:
    """Returns the positions of at most `num_images` wrongly classified images, the surest first.

    Args:
        labels: (n,), positions of the true classes.
        probabilities: (n, num_classes).
        num_images: how many to take at most.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    mistakes = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    confidences = probabilities[mistakes].max(axis=1)
    return mistakes[np.argsort(-confidences, kind="stable")][:num_images]


@styled
def mistakes_gallery(
    images: NDArray[np.uint8],
    labels: ArrayLike,
    probabilities: ArrayLike,
    class_names: Sequence[str],
) -> Figure:
    """Draws wrongly classified images of test with their true class, the predicted one and its probability.

    Args:
        images: (k, height, width, channels) uint8 of 1 or 3 channels, RGB; k may be 0.
        labels: (k,), positions of the true classes.
        probabilities: (k, num_classes), rows sum to 1.
        class_names: one name per class.
    """
    num_rows = math.ceil(len(images) / NUM_COLUMNS)
    figure = Figure(figsize=(WIDTH, 2.2 * num_rows + 0.5), layout="constrained")
    entitle(figure, gallery_title(len(images)))
    if num_rows == 0:
        return figure
    axes = figure.subplots(num_rows, NUM_COLUMNS, squeeze=False).ravel()
    for axis in axes[len(images) :]:
        axis.set_axis_off()
    for axis, image, label, row in zip(axes, images, np.asarray(labels), np.asarray(probabilities), strict=False):
        draw_image(axis, image)
        axis.set_title(shortened(class_names[label], MAX_LETTERS), size=SMALL + 1, color=INK, loc="center", pad=3)
        said = f"{shortened(class_names[row.argmax()], MAX_LETTERS - 5)} {100 * row.max():.0f} %"
        axis.set_xlabel(said, size=SMALL + 1, color=RED, labelpad=3)
    return figure


def draw_image(axis: Axes, image: NDArray[np.uint8]) -> None:
    """Shows a grey or RGB image without changing its brightness, and without ticks and frame."""
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    if image.shape[-1] == 1:
        axis.imshow(image[..., 0], cmap="gray", vmin=0, vmax=255)
    else:
        axis.imshow(image)


def gallery_title(num_images: int) -> str:
    """Returns the title with the key to what stands at each image."""
    if num_images == 0:
        return "No mistakes on test"
    mistakes = "The surest mistake" if num_images == 1 else f"The {num_images} surest mistakes"
    return f"{mistakes} on test; above each its label, below what the model said"
