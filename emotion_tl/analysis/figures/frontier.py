"""Two figures of each model against each other: who gives up what for what."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from emotion_tl.analysis.figures.curves import MARKERS
from emotion_tl.evaluation.figure_style import GREY, PALETTE, SMALL, entitle, new_figure, styled


@dataclass(frozen=True)
class FrontierPoint:
    """A model: its name, its two values, and the ends of their intervals, in the units of the axes."""

    name: str
    x: float
    y: float
    x_interval: tuple[float, float]
    y_interval: tuple[float, float]


@styled
def frontier_figure(points: Sequence[FrontierPoint], title: str, subtitle: str, x_label: str, y_label: str) -> Figure:
    """Draws the points with their intervals; on the line are those that no other beats in both values."""
    figure, (axis,) = new_figure(height=5.5)
    best = non_dominated(points)
    if len(best) > 1:
        axis.plot([point.x for point in best], [point.y for point in best], color=GREY, linestyle=":", zorder=1)
    for position, point in enumerate(points):
        style = position % len(PALETTE)
        axis.plot(point.x_interval, [point.y, point.y], color=PALETTE[style], alpha=0.35, linewidth=2)
        axis.plot([point.x, point.x], point.y_interval, color=PALETTE[style], alpha=0.35, linewidth=2)
        axis.plot(point.x, point.y, MARKERS[style], color=PALETTE[style], markersize=9, zorder=3)
        axis.annotate(
            point.name, (point.x, point.y), xytext=(9, 6), textcoords="offset points", size=SMALL + 1, zorder=4
        )
    axis.grid()
    axis.margins(0.12)
    axis.set_xlabel(x_label)
    axis.set_ylabel(y_label)
    entitle(figure, title, axis, subtitle)
    return figure


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
