"""Images of each class beside what the model looked at, those it got right and those it got wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from emotion_tl.evaluation.figure_style import GREY, INK, RED, SMALL, WIDTH, entitle, shortened, styled
from emotion_tl.explanation.examples import told_classes
from emotion_tl.explanation.overlay import beside_overlay

NUM_OF_A_KIND = 2
"""Images of a class that were classified rightly, and as many that were not."""
MAX_LETTERS = 16


@dataclass(frozen=True)
class ExplainedImage:
    """An image with the map of the class that was predicted.

    Attributes:
        image: uint8 (height, width, 1 or 3), RGB order.
        activation_map: (height, width), 0 to 1.
        predicted: position of the predicted class.
        confidence: its probability.
        is_empty: whether nothing in the image speaks for it.
    """

    image: NDArray[np.uint8]
    activation_map: NDArray[np.float32]
    predicted: int
    confidence: float
    is_empty: bool


@styled
def explanations_gallery(
    rows: Sequence[Sequence[ExplainedImage]],
    class_names: Sequence[str],
    layer: str,
    split_name: str = "test",
) -> Figure:
    """Draws a row a class: images beside their maps, at the left those that were classified rightly.

    Args:
        rows: for each class, in their order, of which the last may be missing, at most `NUM_OF_A_KIND` images of
            either kind.
        class_names: one name per class.
        layer: name of the layer that the maps come from.
        split_name: for the title.
    """
    figure = Figure(figsize=(WIDTH, 1.55 * len(rows) + 0.9), layout="constrained")
    entitle(figure, f"What the model looked at on {split_name}: bright places speak for the class it predicted")
    axes = figure.subplots(len(rows), 2 * NUM_OF_A_KIND, squeeze=False)
    for label, images in enumerate(rows):
        right = [image for image in images if image.predicted == label]
        wrong = [image for image in images if image.predicted != label]
        draw_row(list(axes[label, :NUM_OF_A_KIND]), right, class_names, INK)
        draw_row(list(axes[label, NUM_OF_A_KIND:]), wrong, class_names, RED)
        axes[label, 0].set_ylabel(shortened(class_names[label], MAX_LETTERS), size=SMALL + 2, color=INK)
    axes[0, 0].set_title("Right, drawn by chance")
    axes[0, NUM_OF_A_KIND].set_title("Wrong, drawn by chance")
    said = f"At the left of a row its label, below each image what the model said. Grad-CAM at {layer}."
    if len(rows) < len(class_names):
        said = f"Shown: {told_classes(len(rows), len(class_names))}. {said}"
    figure.supxlabel(said, size=SMALL, color=GREY)
    return figure


def draw_row(axes: Sequence[Axes], images: Sequence[ExplainedImage], class_names: Sequence[str], color: str) -> None:
    """Draws images of one kind beside their maps, and leaves the places free for which there are none."""
    for axis in axes:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    for axis, each in zip(axes, images, strict=False):
        axis.imshow(beside_overlay(each.image, each.activation_map))
        nothing = ", empty map" if each.is_empty else ""
        said = f"{shortened(class_names[each.predicted], MAX_LETTERS)} {100 * each.confidence:.0f} %{nothing}"
        axis.set_xlabel(said, size=SMALL + 1, color=color, labelpad=3)
    if not images:
        axes[0].text(0.5, 0.5, "none", transform=axes[0].transAxes, ha="center", va="center", color=GREY)
