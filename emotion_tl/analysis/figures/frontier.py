"""One figure of each model against others: who gives up what for what."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emotion_tl.analysis.figures.curves import MARKERS
from emotion_tl.evaluation.figure_style import GREY, PALETTE, SMALL, WIDTH, entitle, shortened, styled


@dataclass(frozen=True)
class FrontierPoint:
    """A model: its name, its two values, and the ends of their intervals, in the units of the axes."""

    name: str
    x: float
    y: float
    x_interval: tuple[float, float]
    y_interval: tuple[float, float]


@dataclass(frozen=True)
class FrontierPanel:
    """One of the axes of a figure.

    Attributes:
        points: the models, in the same order in each panel.
        label: of its y axis, with the unit.
    """

    points: Sequence[FrontierPoint]
    label: str


@styled
def frontier_figure(panels: Sequence[FrontierPanel], title: str, axis_label: str) -> Figure:
    """Draws panels side by side on one x axis, with one legend below them.

    Args:
        panels: one or two.
        title: what is seen.
        axis_label: of the x axis, with the unit.
    """
    figure = Figure(figsize=(WIDTH, 4.8), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False, sharex=True)[0]
    for axis, panel in zip(axes, panels, strict=True):
        draw_panel(axis, panel)
        axis.set_xlabel(axis_label)
    entitle(figure, title, axes[0], "Lines are intervals; dotted: those that no other beats in both")
    handles, names = axes[0].get_legend_handles_labels()
    labels = [shortened(name, 45) for name in names]
    figure.legend(handles, labels, loc="outside lower left", ncols=3, frameon=False, fontsize=SMALL + 1)
    return figure


def draw_panel(axis: Axes, panel: FrontierPanel) -> None:
    """Draws the points with their intervals; on the line are those that no other beats in both values."""
    best = non_dominated(panel.points)
    if len(best) > 1:
        axis.plot([point.x for point in best], [point.y for point in best], color=GREY, linestyle=":", zorder=1)
    for position, point in enumerate(panel.points):
        style = position % len(PALETTE)
        axis.plot(point.x_interval, [point.y, point.y], color=PALETTE[style], alpha=0.35, linewidth=2)
        axis.plot([point.x, point.x], point.y_interval, color=PALETTE[style], alpha=0.35, linewidth=2)
        axis.plot(point.x, point.y, MARKERS[style], color=PALETTE[style], markersize=9, zorder=3, label=point.name)
    axis.grid()
    axis.margins(0.08)
    axis.set_ylabel(panel.label)


def non_dominated(points: Sequence[FrontierPoint]) -> list[FrontierPoint]:
    """Returns the points that no other beats in one value without losing in the other, by x."""
    return sorted(
        (
            point
            for point in points
            if not any(
                other.x >= point.x and other.y >= point.y and (other.x > point.x or other.y > point.y)
                for other in points
            )
        ),
        key=lambda point: point.x,
    )
