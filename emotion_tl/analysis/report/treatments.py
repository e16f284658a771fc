"""The chapter of the imbalance treatments: what each gives, and what it costs."""

from collections.abc import Callable

from matplotlib.figure import Figure

from emotion_tl.analysis.figures.frontier import FrontierPoint, frontier_figure
from emotion_tl.analysis.findings import Findings
from emotion_tl.analysis.imbalance import Treatments, interval_name, rare_recall, rare_recall_gain
from emotion_tl.analysis.model_comparison import ModelComparison
from emotion_tl.analysis.paired import Difference
from emotion_tl.analysis.report.columns import difference_column, spread_column
from emotion_tl.analysis.told import told_spread
from emotion_tl.html_report.blocks import Block, Column, DataTable, Heading, Plot, Section


def treatments_section(findings: Findings) -> Section:
    """Returns the frontier of accuracy against macro-F1 of each model; empty where there was one treatment alone."""
    blocks: list[Block] = []
    for treatments in findings.treatments:
        blocks += [
            Heading(treatments.name),
            Plot(treatments_figure(treatments), description_of(treatments)),
            treatments_table(treatments),
        ]
    return Section("Treatments of class imbalance", blocks)


def treatments_figure(treatments: Treatments) -> Figure:
    """Draws accuracy against macro-F1."""
    points = [
        FrontierPoint(
            name,
            100 * result.summary.accuracy.mean,
            100 * result.summary.macro_f1.mean,
            (100 * result.summary.accuracy.low, 100 * result.summary.accuracy.high),
            (100 * result.summary.macro_f1.low, 100 * result.summary.macro_f1.high),
        )
        for name, result in treatments.results.items()
    ]
    return frontier_figure(
        points,
        "Accuracy against macro-F1",
        "Lines are intervals; dotted: the treatments that no other beats in both",
        "accuracy on test, %",
        "macro-F1 on test, %",
    )


def description_of(treatments: Treatments) -> str:
    """Returns the figure in words."""
    told = [
        f"{name} accuracy {told_spread(result.summary.accuracy)}, macro-F1 {told_spread(result.summary.macro_f1)}"
        for name, result in treatments.results.items()
    ]
    return "Accuracy and macro-F1 in percent: " + "; ".join(told)


def treatments_table(treatments: Treatments) -> DataTable:
    """Returns the figures of each treatment beside none."""
    rare, pairs = treatments.rare_class, treatments.against_untreated
    rows = [
        {
            "name": name,
            "result": result,
            "alone": pairs[name].comparison if name in pairs else None,
            "jointly": treatments.simultaneous.get(name),
        }
        for name, result in treatments.results.items()
    ]

    def gain(heading: str, intervals: str, of: Callable[[ModelComparison], Difference]) -> Column:
        return difference_column(heading, lambda row: of(row[intervals]) if row[intervals] else None)

    return DataTable(
        rows,
        [
            Column("treatment", lambda row: row["name"]),
            spread_column("accuracy, %", lambda row: row["result"].summary.accuracy),
            spread_column("macro-F1, %", lambda row: row["result"].summary.macro_f1),
            Column(
                f"recall of {rare}, %",
                lambda row: f"{100 * rare_recall(treatments, row['name']):.1f}",
                lambda row: rare_recall(treatments, row["name"]),
            ),
            gain("accuracy to none", "alone", lambda comparison: comparison.accuracy),
            gain("macro-F1 to none", "jointly", lambda comparison: comparison.macro_f1),
            gain(f"recall of {rare} to none", "jointly", lambda comparison: rare_recall_gain(treatments, comparison)),
        ],
        caption_of(treatments),
    )


def caption_of(treatments: Treatments) -> str:
    """Returns what the table is about, and which intervals it holds."""
    rare, together = treatments.rare_class, treatments.simultaneous
    caption = f"Treatments, and their differences to none in points; {rare} is the rarest class of test"
    if len(together) < 2:
        return caption
    return f"{caption}. Macro-F1 and recall to none: {interval_name(together.values())}s, which hold for all together"
