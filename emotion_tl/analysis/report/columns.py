"""The columns that the tables of a report have in common: figures and differences with their intervals."""

from collections.abc import Callable
from typing import TypeVar

from emotion_tl.analysis.paired import Difference
from emotion_tl.analysis.seed_summary import Spread
from emotion_tl.analysis.told import told_points, told_spread
from emotion_tl.html_report.blocks import Column, Row

Figure = TypeVar("Figure", Spread, Difference)


def spread_column(
    heading: str, of: Callable[[Row], Spread | None], absence: Callable[[Row], str] | None = None
) -> Column:
    """Returns a column of figures in percent with their intervals; a dash, or why, where there is none."""
    return optional_column(heading, of, told_spread, lambda spread: spread.mean, absence)


def difference_column(heading: str, of: Callable[[Row], Difference | None]) -> Column:
    """Returns a column of differences in percentage points with their intervals; a dash where there is none."""
    return optional_column(heading, of, told_points, lambda difference: difference.value)


def optional_column(
    heading: str,
    of: Callable[[Row], Figure | None],
    tell: Callable[[Figure], str],
    value_of: Callable[[Figure], float],
    absence: Callable[[Row], str] | None = None,
) -> Column:
    """Returns a column of what is told of a row's figure, sorted by its value; a dash, or why, where there is none."""

    def text(row: Row) -> str | None:
        figure = of(row)
        if figure is None:
            return absence(row) if absence is not None else None
        return tell(figure)

    def value(row: Row) -> float:
        figure = of(row)
        return float("nan") if figure is None else value_of(figure)

    return Column(heading, text, value)
