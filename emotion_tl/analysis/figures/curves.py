"""Lines over epochs, time, training images or depth, with a band for what is uncertain."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import ArrayLike

from emotion_tl.evaluation.figure_style import PALETTE, SMALL, WIDTH, entitle, shortened, styled

MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)))
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
        style = curve.style % len(PALETTE)
        label = curve.name if curve.name not in named else f"_{curve.name}"
        named.add(curve.name)
        axis.plot(
            curve.x,
            curve.y,
            color=PALETTE[style],
            marker=MARKERS[style],
            linestyle=DASHES[style],
            markersize=4.5,
            label=label,
        )
        if curve.low is not None and curve.high is not None:
            axis.fill_between(curve.x, curve.low, curve.high, color=PALETTE[style], alpha=0.15, linewidth=0)
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
