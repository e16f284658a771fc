"""Lines over epochs, time, training images or depth, with a band for what is uncertain."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import ArrayLike

from emotion_tl.evaluation.figure_style import PALETTE, SMALL, WIDTH, entitle, shortened, styled

Dashes = str | tuple[int, tuple[int, ...]]
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES: tuple[Dashes, ...] = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)))
"""Lines are told apart by colour, marker and dashes, so that a grey print can be read too."""


@dataclass(frozen=True)
class Curve:
    """A line.

    Attributes:
        name: for the legend.
        x, y: of its points.
        low, high: of the band around it; None draws none.
        style: lines of one style are of one kind: the seeds of a model.
    """

    name: str
    x: ArrayLike
    y: ArrayLike
    low: ArrayLike | None = None
    high: ArrayLike | None = None
    style: int = 0


@dataclass(frozen=True)
class Panel:
    """One of the axes of a figure.

    Attributes:
        subtitle: what stands above it.
        label: of its x axis, with the unit.
        log_ticks: where a logarithmic x axis has ticks; empty makes the axis linear.
    """

    curves: Sequence[Curve]
    subtitle: str
    label: str
    log_ticks: Sequence[float] = ()


def line_style(style: int) -> tuple[str, str, Dashes]:
    """Returns colour, marker and dashes of a style; of 36 styles no two have colour and marker, or marker and dashes.

    Both are shifted with each round of the colours, the dashes twice as far as the markers.
    """
    turn, position = divmod(style, len(PALETTE))
    marker, dashes = (position + turn) % len(MARKERS), (position + 2 * turn) % len(DASHES)
    return PALETTE[position], MARKERS[marker], DASHES[dashes]


@styled
def curves_figure(panels: Sequence[Panel], title: str, axis_label: str) -> Figure:
    """Draws panels side by side on one y axis, with one legend below them.

    Args:
        panels: one or two.
        title: what is seen.
        axis_label: of the y axis, with the unit.
    """
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axis, panel in zip(axes, panels, strict=True):
        draw_panel(axis, panel)
    axes[0].set_ylabel(axis_label)
    entitle(figure, title)
    by_name = {line.get_label(): line for axis in axes for line in axis.get_lines()}
    by_name = {name: line for name, line in by_name.items() if not str(name).startswith("_")}
    labels = [shortened(str(name), 45) for name in by_name]
    figure.legend(by_name.values(), labels, loc="outside lower left", ncols=2, frameon=False, fontsize=SMALL + 1)
    return figure


def draw_panel(axis: Axes, panel: Panel) -> None:
    """Draws the lines of a panel."""
    named: set[str] = set()
    for curve in panel.curves:
        color, marker, dashes = line_style(curve.style)
        label = curve.name if curve.name not in named else f"_{curve.name}"
        named.add(curve.name)
        axis.plot(
            curve.x,
            curve.y,
            color=color,
            marker=marker,
            linestyle=dashes,
            markersize=4.5,
            label=label,
        )
        if curve.low is not None and curve.high is not None:
            axis.fill_between(curve.x, curve.low, curve.high, color=color, alpha=0.15, linewidth=0)
    if panel.log_ticks:
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(FixedLocator(list(panel.log_ticks)))
        axis.xaxis.set_minor_locator(NullLocator())
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    else:
        axis.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    axis.grid()
    axis.set_xlabel(panel.label)
    axis.set_title(panel.subtitle)
