"""The columns that the tables of a report have in common: figures and differences with their intervals."""

from collections.abc import Callable

from emotion_tl.analysis.paired import Difference
from emotion_tl.analysis.seed_summary import Spread
from emotion_tl.analysis.told import told_points, told_spread
from emotion_tl.html_report.blocks import Column, Row


def spread_column(heading: str, of: Callable[[Row], Spread | None]) -> Column:
    """Returns a column of figures in percent with their intervals; a dash where there is none."""

    def text(row: Row) -> str | None:
        spread = of(row)
        return None if spread is None else told_spread(spread)

    def value(row: Row) -> float:
        spread = of(row)
        return float("nan") if spread is None else spread.mean

    return Column(heading, text, value)


def difference_column(heading: str, of: Callable[[Row], Difference | None]) -> Column:
    """Returns a column of differences in percentage points with their intervals; a dash where there is none."""

    def text(row: Row) -> str | None:
        difference = of(row)
        return None if difference is None else told_points(difference)

    def value(row: Row) -> float:
        difference = of(row)
        return float("nan") if difference is None else difference.value

    return Column(heading, text, value)
