"""The chapter of the differences to the baseline: how large, how sure, for which classes, on which images."""

from collections.abc import Callable, Mapping
from math import isnan

from matplotlib.figure import Figure

from emotion_tl.analysis.answers import verdict_sentences
from emotion_tl.analysis.comparison import Comparison
from emotion_tl.analysis.family import BETTER, WORSE, CorrectedComparison
from emotion_tl.analysis.figures.intervals import IntervalLine, interval_figure
from emotion_tl.analysis.model_comparison import ModelComparison
from emotion_tl.analysis.report.columns import difference_column
from emotion_tl.analysis.told import told_points
from emotion_tl.analysis.wording import SMALLEST_DIFFERENCE, told_p_value, told_smallest_points
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
    compared = {result.name: result.corrected for result in comparison.results if result.corrected is not None}
    if not compared:
        return Section("Differences to the baseline")
    blocks: list[Block] = [
        Paragraph(
            "Both models see the same test images, so that their difference is known better than either figure. The "
            "p-values are corrected over all comparisons of this table together (Holm), and the verdict is theirs. The "
            f"smallest difference is {SMALLEST_DIFFERENCE}."
        ),
        BulletList(verdict_sentences(comparison)),
        Plot(difference_figure(compared), description_of(compared)),
        DataTable(
            [{"name": name, "pair": pair} for name, pair in compared.items()],
            columns(),
            "Differences to the baseline, in points",
        ),
    ]
    blocks += [
        Details(
            f"{name}: class by class",
            [Plot(class_figure(pair.comparison), class_description(pair.comparison)), class_table(pair.comparison)],
        )
        for name, pair in compared.items()
    ]
    blocks.append(agreement_table(compared))
    return Section("Differences to the baseline", blocks)


def difference_figure(compared: Mapping[str, CorrectedComparison]) -> Figure:
    """Draws the differences in accuracy with their intervals, coloured by the verdict."""
    return interval_figure(
        [
            IntervalLine.of_difference(name, pair.comparison.accuracy, COLORS.get(pair.verdict, GREY))
            for name, pair in compared.items()
        ],
        "Differences in accuracy to the baseline",
        "Blue: more accurate, red: less, grey: no difference shown",
        "difference on test, percentage points",
        reference=0.0,
        value_format="{:+.1f}",
    )


def description_of(compared: Mapping[str, CorrectedComparison]) -> str:
    """Returns the figure in words."""
    told = [f"{name} {told_points(pair.comparison.accuracy)}" for name, pair in compared.items()]
    return "Difference in accuracy to the baseline in points: " + "; ".join(told)


def columns() -> list[Column]:
    """Returns the columns of the table of differences."""
    return [
        Column("model", lambda row: row["name"]),
        difference_column("accuracy", lambda row: row["pair"].comparison.accuracy),
        difference_column("macro-F1", lambda row: row["pair"].comparison.macro_f1),
        difference_column("accuracy, leak-free", lambda row: row["pair"].leak_free and row["pair"].leak_free.accuracy),
        Column(
            "p, corrected",
            lambda row: told_p_value(row["pair"].adjusted_p_value),
            lambda row: row["pair"].adjusted_p_value,
        ),
        Column("verdict", lambda row: row["pair"].verdict),
        Column(
            "smallest difference",
            lambda row: told_smallest_points(row["pair"]),
            lambda row: row["pair"].smallest_difference,
        ),
    ]


def class_figure(comparison: ModelComparison) -> Figure:
    """Draws the difference in recall of each class."""
    lines = []
    for row in comparison.per_class:
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


def class_description(comparison: ModelComparison) -> str:
    """Returns the figure in words."""
    told = [f"{row.class_name} {told_points(row.recall)}" for row in comparison.per_class]
    return "Difference in recall to the baseline in points: " + "; ".join(told)


def class_table(comparison: ModelComparison) -> DataTable:
    """Returns the differences of each class."""
    return DataTable(
        [{"row": row} for row in comparison.per_class],
        [
            Column("class", lambda row: row["row"].class_name),
            Column("test images", lambda row: row["row"].support, lambda row: row["row"].support),
            difference_column("recall", lambda row: row["row"].recall),
            difference_column("F1", lambda row: row["row"].f1),
        ],
        "Differences to the baseline class by class, in points; the intervals hold for each class alone",
    )


def agreement_table(compared: Mapping[str, CorrectedComparison]) -> DataTable:
    """Returns whether the models err on the same images as the baseline."""

    def share(heading: str, name: str, tell: Callable[[float], str] = told_share) -> Column:
        def value(row: Row) -> float:
            found = getattr(row["agreement"], name)
            return float("nan") if found is None else found

        return Column(heading, lambda row: None if isnan(value(row)) else tell(value(row)), value)

    return DataTable(
        [{"name": name, "agreement": pair.comparison.agreement} for name, pair in compared.items()],
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
