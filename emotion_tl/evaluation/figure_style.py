"""One look for all figures: restrained, colour-blind safe, and as files 1200 px wide."""

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH = 10.0
"""Inches."""
FILE_RESOLUTION = 120
"""Dots per inch."""

# Okabe and Ito's palette, told apart with any colour vision. https://jfly.uni-koeln.de/color/
BLUE, ORANGE, GREEN, SKY, RED = "#0072B2", "#E69F00", "#009E73", "#56B4E9", "#D55E00"
INK, GREY, FAINT = "#222222", "#767676", "#DDDDDD"
PALETTE = (BLUE, ORANGE, GREEN, RED, SKY, INK)
"""In the order in which things that are drawn together are given them."""

STYLE: Any = {
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "font.size": 11,
    # Names of classes, models and settings are text: two "$" in them are no formula.
    "text.parse_math": False,
    "text.color": INK,
    "figure.titlesize": 13,
    "figure.titleweight": "bold",
    "axes.titlesize": 11,
    "axes.titlecolor": GREY,
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": True,
    "legend.edgecolor": "none",
    "legend.framealpha": 0.9,
    "legend.fontsize": 10,
    "lines.linewidth": 1.8,
}

styled = matplotlib.rc_context(STYLE)
"""Decorates a function that draws a figure."""

SMALL = 9
"""Font size of what is said beside the matter."""


def new_figure(height: float, num_rows: int = 1, **subplots: Any) -> tuple[Figure, list[Axes]]:
    """Returns a figure of the common width, `height` inches high, with its panels from top to bottom."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.subplots(num_rows, 1, squeeze=False, **subplots)
    return figure, list(axes[:, 0])


def entitle(figure: Figure, title: str, axis: Axes | None = None, subtitle: str = "") -> None:
    """Writes what is seen over the figure, and in smaller print over the panel what else there is to know."""
    figure.suptitle(title, x=0.01, horizontalalignment="left")
    if axis is not None:
        axis.set_title(subtitle)


def save_figure(figure: Figure, path: Path) -> None:
    """Writes a figure as an image file."""
    figure.savefig(path, dpi=FILE_RESOLUTION)


def shortened(name: str, max_length: int = 24) -> str:
    """Returns a name that fits beside a plot, its end replaced by an ellipsis where it is too long."""
    return name if len(name) <= max_length else name[: max_length - 1].rstrip() + "…"
