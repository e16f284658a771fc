"""The chapter of the differences to the baseline: how large, how sure, for which classes, on which images."""

from collections.abc import Callable
from math import isnan

from matplotlib.figure import Figure

from emotion_tl.analysis.answers import BETTER, WORSE, verdict_sentences
from emotion_tl.analysis.comparison import Comparison, ModelResult
from emotion_tl.analysis.figures.intervals import IntervalLine, interval_figure
from emotion_tl.analysis.report.columns import difference_column
from emotion_tl.analysis.told import told_points
from emotion_tl.analysis.wording import told_p_value
from emotion_tl.evaluation.figure_style import BLUE, GREY, RED
from emotion_tl.evaluation.told import told_share
from emotion_tl.html_report.blocks import (
    Block,
    BulletList,
    Column,
    DataTable,
    Details,
    Paragraph,
    Plot,
    Row,
    Section,
)

COLORS = {BETTER: BLUE, WORSE: RED}


def differences_section(comparison: Comparison) -> Section:
    """Returns how each model stands to the baseline; empty where there is none."""
    compared = [result for result in comparison.results if result.comparison is not None]
    if not compared:
        return Section("Differences to the baseline")
    blocks: list[Block] = [
        Paragraph(
            "Both models see the same test images, so that their difference is known better than either figure. The "
            "p-values are corrected over all comparisons of this table together (Holm), and the verdict is theirs. The "
            "smallest difference is what these test images, and this many seeds, would show in four of five cases."
        ),
        BulletList(verdict_sentences(comparison)),
        Plot(difference_figure(compared), description_of(compared)),
        DataTable([{"result": result} for result in compared], columns(), "Differences to the baseline, in points"),
    ]
    blocks += [
        Details(
            f"{result.name}: class by class",
            [Plot(class_figure(result), class_description(result)), class_table(result)],
        )
        for result in compared
    ]
    blocks.append(agreement_table(compared))
    return Section("Differences to the baseline", blocks)


def difference_figure(compared: list[ModelResult]) -> Figure:
    """Draws the differences in accuracy with their intervals, coloured by the verdict."""
    lines = []
    for result in compared:
        assert result.comparison is not None
        accuracy = result.comparison.accuracy
        color = COLORS.get(result.corrected.verdict, GREY) if result.corrected else GREY
        lines.append(IntervalLine.of_difference(result.name, accuracy, color))
    return interval_figure(
        lines,
        "Differences in accuracy to the baseline",
        "Blue: more accurate, red: less, grey: no difference shown",
        "difference on test, percentage points",
        reference=0.0,
        value_format="{:+.1f}",
    )


def description_of(compared: list[ModelResult]) -> str:
    """Returns the figure in words."""
    told = [f"{result.name} {told_points(result.comparison.accuracy)}" for result in compared if result.comparison]
    return "Difference in accuracy to the baseline in points: " + "; ".join(told)


def columns() -> list[Column]:
    """Returns the columns of the table of differences."""

    def difference(heading: str, part: str, metric: str) -> Column:
        return difference_column(
            heading, lambda row: getattr(row["result"], part) and getattr(getattr(row["result"], part), metric)
        )

    return [
        Column("model", lambda row: row["result"].name),
        difference("accuracy", "comparison", "accuracy"),
        difference("macro-F1", "comparison", "macro_f1"),
        difference("accuracy, leak-free", "leak_free_comparison", "accuracy"),
        Column(
            "p, corrected",
            lambda row: told_p_value(row["result"].corrected.adjusted_p_value),
            lambda row: row["result"].corrected.adjusted_p_value,
        ),
        Column("verdict", lambda row: row["result"].corrected.verdict),
        Column(
            "smallest difference",
            lambda row: f"{100 * row['result'].corrected.smallest_difference:.1f}",
            lambda row: row["result"].corrected.smallest_difference,
        ),
    ]


def class_figure(result: ModelResult) -> Figure:
    """Draws the difference in recall of each class."""
    assert result.comparison is not None
    lines = []
    for row in result.comparison.per_class:
        color = BLUE if row.recall.low > 0 else RED if row.recall.high < 0 else GREY
        lines.append(IntervalLine.of_difference(f"{row.class_name} ({row.support})", row.recall, color))
    return interval_figure(
        lines,
        "Recall of each class, difference to the baseline",
        "In brackets the test images of the class; the intervals hold for each class alone",
        "difference on test, percentage points",
        reference=0.0,
        value_format="{:+.1f}",
    )


def class_description(result: ModelResult) -> str:
    """Returns the figure in words."""
    assert result.comparison is not None
    told = [f"{row.class_name} {told_points(row.recall)}" for row in result.comparison.per_class]
    return "Difference in recall to the baseline in points: " + "; ".join(told)


def class_table(result: ModelResult) -> DataTable:
    """Returns the differences of each class."""
    assert result.comparison is not None
    return DataTable(
        [{"row": row} for row in result.comparison.per_class],
        [
            Column("class", lambda row: row["row"].class_name),
            Column("test images", lambda row: row["row"].support, lambda row: row["row"].support),
            difference_column("recall", lambda row: row["row"].recall),
            difference_column("F1", lambda row: row["row"].f1),
        ],
        "Differences to the baseline class by class, in points; the intervals hold for each class alone",
    )


def agreement_table(compared: list[ModelResult]) -> DataTable:
    """Returns whether the models err on the same images as the baseline."""

    def share(heading: str, name: str, tell: Callable[[float], str] = told_share) -> Column:
        def value(row: Row) -> float:
            found = getattr(row["agreement"], name)
            return float("nan") if found is None else found

        return Column(heading, lambda row: None if isnan(value(row)) else tell(value(row)), value)

    rows = [{"name": result.name, "agreement": result.comparison.agreement} for result in compared if result.comparison]
    return DataTable(
        rows,
        [
            Column("model", lambda row: row["name"]),
            share("both right", "both_right"),
            share("only this right", "only_candidate"),
            share("only the baseline right", "only_baseline"),
            share("both wrong", "both_wrong"),
            share("of these, same wrong class", "same_wrong_class"),
            share("kappa", "kappa", "{:.2f}".format),
        ],
        "Do they err on the same images? Shares of the test images; Cohen's kappa of being right: 1 the same images, "
        "0 as chance would have it",
    )
