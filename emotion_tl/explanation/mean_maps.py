"""Where a class is seen on the whole: the mean of the maps of many of its images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from emotion_tl.evaluation.figure_style import GREY, INK, SMALL, WIDTH, entitle, shortened, styled
from emotion_tl.explanation.examples import told_classes
from emotion_tl.explanation.overlay import marking_colors, overlay, to_rgb

NUM_COLUMNS = 7
MAX_LETTERS = 14


@dataclass(frozen=True)
class MeanMap:
    """The maps of a class, averaged.

    Attributes:
        num_images: that were averaged.
        image: uint8 (height, width, 1 or 3), their mean.
        activation_map: (height, width), the mean of their maps of this class, 0 to 1.
        num_empty: images in which nothing speaks for the class.
    """

    num_images: int
    image: NDArray[np.uint8]
    activation_map: NDArray[np.float32]
    num_empty: int


@styled
def mean_maps_figure(
    means: Sequence[MeanMap], class_names: Sequence[str], layer: str, split_name: str = "test"
) -> Figure:
    """Draws the mean image of each class, and on it the mean of its maps, all on one scale.

    Args:
        means: one a class, in the order of the classes, of which the last may be missing.
        class_names: one name per class.
        layer: name of the layer that the maps come from.
        split_name: for the title.
    """
    num_rows = math.ceil(len(means) / NUM_COLUMNS)
    num_columns = min(len(means), NUM_COLUMNS)
    figure = Figure(figsize=(WIDTH, 3.05 * num_rows + 0.75), layout="constrained")
    shown = told_classes(len(means), len(class_names))
    entitle(figure, f"Where the model sees {shown} on {split_name}: mean image, and the mean map on it")
    axes = figure.subplots(2 * num_rows, num_columns, squeeze=False)
    for axis in axes.ravel():
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    largest = max(float(mean.activation_map.max()) for mean in means) or 1.0
    for position, mean in enumerate(means):
        row, column = divmod(position, num_columns)
        draw_mean(axes[2 * row, column], axes[2 * row + 1, column], mean, class_names[position], largest)
    draw_scale(figure, list(axes.ravel()), largest)
    figure.supxlabel(f"Grad-CAM at {layer}, each map scaled to a maximum of 1 before.", size=SMALL, color=GREY)
    return figure


def draw_mean(upper: Axes, lower: Axes, mean: MeanMap, class_name: str, largest: float) -> None:
    """Draws the mean image and, below it, its map on the scale of all classes."""
    upper.imshow(to_rgb(mean.image))
    upper.set_title(shortened(class_name, MAX_LETTERS), size=SMALL + 2, color=INK, loc="center", pad=4)
    lower.imshow(overlay(mean.image, mean.activation_map / largest))
    empty = f"\n{mean.num_empty} empty" if mean.num_empty else ""
    lower.set_xlabel(f"{mean.num_images} images{empty}", size=SMALL, color=GREY, labelpad=3)


def draw_scale(figure: Figure, axes: list[Axes], largest: float) -> None:
    """Draws which colour is which mean."""
    colors = ScalarMappable(Normalize(0, largest), ListedColormap(marking_colors(np.linspace(0, 1, 256))))
    bar = figure.colorbar(colors, ax=axes, shrink=0.6, aspect=30, pad=0.01)
    bar.set_label("Mean of the maps", size=SMALL)
    bar.ax.tick_params(labelsize=SMALL)
    bar.outline.set_visible(False)
