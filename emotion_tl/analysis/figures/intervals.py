"""Values with their intervals, a line each: models, differences, classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emotion_tl.analysis.difference import Difference
from emotion_tl.analysis.interval_ends import TOO_FEW_IMAGES
from emotion_tl.analysis.seed_summary import Spread
from emotion_tl.evaluation.figure_style import BLUE, FAINT, GREY, INK, SMALL, entitle, new_figure, shortened, styled

LINE_HEIGHT = 0.5
MAX_LETTERS = 42


@dataclass(frozen=True)
class IntervalLine:
    """A line of the figure, in the unit of the axis.

    Attributes:
        name: what stands at its left.
        points: single values around `value`: those of the seeds.
        color: of the value and its interval.
    """

    name: str
    value: float
    low: float
    high: float
    points: tuple[float, ...] = ()
    color: str = BLUE

    @classmethod
    def of_difference(cls, name: str, difference: Difference, color: str) -> Self:
        """Returns the line of a difference, in percentage points; a dot alone, and why, where it has no interval."""
        name = name if difference.has_interval else f"{name}, {TOO_FEW_IMAGES}"
        return cls(name, 100 * difference.value, 100 * difference.low, 100 * difference.high, color=color)

    @classmethod
    def of_spread(cls, name: str, spread: Spread, color: str) -> Self:
        """Returns the line of a model's figure with that of each seed, in percent."""
        points = tuple(100 * value for value in spread.per_seed)
        return cls(name, 100 * spread.mean, 100 * spread.low, 100 * spread.high, points, color)


@styled
def interval_figure(
    lines: Sequence[IntervalLine],
    title: str,
    subtitle: str,
    axis_label: str,
    reference: float | None = None,
    value_format: str = "{:.1f}",
) -> Figure:
    """Draws values with their intervals, from top to bottom.

    Args:
        lines: at least one.
        title: what is seen.
        subtitle: how it is to be read.
        axis_label: of the values, with their unit.
        reference: where a vertical line is drawn: no difference, or the baseline.
        value_format: of the numbers at the right.
    """
    figure, (axis,) = new_figure(height=LINE_HEIGHT * len(lines) + 1.5)
    for position, line in enumerate(reversed(lines)):
        draw_line(axis, line, position, value_format)
    if reference is not None:
        axis.axvline(reference, color=GREY, linestyle="--", linewidth=1.2, zorder=0)
    axis.set_yticks(range(len(lines)), [in_two_lines(line.name) for line in reversed(lines)])
    axis.tick_params(axis="y", length=0, labelcolor=INK)
    axis.spines["left"].set_visible(False)
    axis.grid(axis="x", color=FAINT)
    axis.set_ylim(-0.6, len(lines) - 0.4)
    axis.set_xlabel(axis_label)
    entitle(figure, title, axis, subtitle)
    return figure


def draw_line(axis: Axes, line: IntervalLine, position: int, value_format: str) -> None:
    """Draws a value with its interval and its single values, and writes the number at the right of the axis."""
    axis.plot([line.low, line.high], [position, position], color=line.color, solid_capstyle="butt", linewidth=3)
    axis.plot(line.value, position, "o", color=line.color, markersize=8, zorder=3)
    if len(line.points) > 1:
        axis.plot(line.points, [position] * len(line.points), "|", color=INK, markersize=11, zorder=4)
    axis.annotate(
        value_format.format(line.value),
        (1.0, position),
        xycoords=("axes fraction", "data"),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        color=INK,
        size=SMALL + 1,
        annotation_clip=False,
    )


def in_two_lines(name: str) -> str:
    """Returns a name with what tells it from its like below it."""
    first, *rest = name.split(", ", 1)
    return "\n".join(shortened(line, MAX_LETTERS) for line in (first, *rest))
