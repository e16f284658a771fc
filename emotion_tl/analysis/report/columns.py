"""The columns that the tables of a report have in common: figures, differences, the time of training."""

from collections.abc import Callable, Sequence
from math import isnan
from typing import TypeVar

import numpy as np

from emotion_tl.analysis.compared_model import ComparedModel
from emotion_tl.analysis.difference import Difference
from emotion_tl.analysis.seed_summary import Spread
from emotion_tl.analysis.told import told_points, told_spread
from emotion_tl.analysis.training_time import seconds_outside_epochs, training_seconds
from emotion_tl.duration import told_duration
from emotion_tl.html_report.blocks import Column, Row
from emotion_tl.tracking.run_record import RunRecord

Figure = TypeVar("Figure", Spread, Difference)


def spread_column(
    heading: str, of: Callable[[Row], Spread | None], absence: Callable[[Row], str] | None = None
) -> Column:
    """Returns a column of figures in percent with their intervals; a dash, or why, where there is none."""
    return optional_column(heading, of, told_spread, lambda spread: spread.mean, absence)


def difference_column(heading: str, of: Callable[[Row], Difference | None]) -> Column:
    """Returns a column of differences in percentage points with their intervals; a dash where there is none."""
    return optional_column(heading, of, told_points, lambda difference: difference.value)


def training_columns(model_of: Callable[[Row], ComparedModel]) -> list[Column]:
    """Returns columns of how long a row's model trained, and of what was not spent in epochs: mean and longest."""

    def column(heading: str, seconds_of: Callable[[RunRecord], float]) -> Column:
        return duration_column(heading, lambda row: [seconds_of(run) for run in model_of(row).runs])

    return [
        column("training (slowest seed)", training_seconds),
        column("outside epochs (at most)", seconds_outside_epochs),
    ]


def duration_column(heading: str, seconds_of: Callable[[Row], Sequence[float]]) -> Column:
    """Returns a column of "78 s (3 min)", the mean and the longest of a row's seeds, sorted by the mean.

    One seed has no brackets, and there is a dash where a run does not tell.
    """

    def mean(row: Row) -> float:
        return float(np.mean(seconds_of(row)))

    def text(row: Row) -> str | None:
        if isnan(mean(row)):
            return None
        longest = f" ({told_duration(max(seconds_of(row)))})" if len(seconds_of(row)) > 1 else ""
        return f"{told_duration(mean(row))}{longest}"

    return Column(heading, text, mean)


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
