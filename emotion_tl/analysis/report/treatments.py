"""The chapter of the imbalance treatments: what each gives, and what it costs."""

from collections.abc import Callable, Mapping

from matplotlib.figure import Figure

from emotion_tl.analysis.difference import Difference
from emotion_tl.analysis.figures.frontier import FrontierPanel, FrontierPoint, frontier_figure
from emotion_tl.analysis.findings import Findings
from emotion_tl.analysis.imbalance import Treatments, interval_name, rare_recall, rare_recall_gain
from emotion_tl.analysis.interval_ends import TOO_FEW_IMAGES
from emotion_tl.analysis.model_comparison import ModelComparison
from emotion_tl.analysis.report.columns import difference_column, spread_column
from emotion_tl.analysis.seed_summary import Spread
from emotion_tl.analysis.told import told_spread
from emotion_tl.html_report.blocks import Block, Column, DataTable, Heading, Plot, Section


def treatments_section(findings: Findings) -> Section:
    """Returns what each model gives for accuracy; empty where there was one treatment alone."""
    blocks: list[Block] = []
    for treatments in findings.treatments:
        blocks += [
            Heading(treatments.name),
            Plot(treatments_figure(treatments), description_of(treatments)),
            treatments_table(treatments),
        ]
    return Section("Treatments of class imbalance", blocks)


def treatments_figure(treatments: Treatments) -> Figure:
    """Draws accuracy against macro-F1, and against the recall of the rarest class."""
    accuracies = {name: result.summary.accuracy for name, result in treatments.results.items()}
    macro_f1 = {name: result.summary.macro_f1 for name, result in treatments.results.items()}
    recalls = {name: rare_recall(treatments, name) for name in treatments.results}

    def panel(values: Mapping[str, Spread], label: str) -> FrontierPanel:
        label = label if all(value.has_interval for value in values.values()) else f"{label}\n({TOO_FEW_IMAGES})"
        return FrontierPanel([point_of(name, accuracies[name], value) for name, value in values.items()], label)

    return frontier_figure(
        [panel(macro_f1, "macro-F1 on test, %"), panel(recalls, f"recall of {treatments.rare_class} on test, %")],
        "What the treatments give for accuracy",
        "accuracy on test, %",
    )


def point_of(name: str, x: Spread, y: Spread) -> FrontierPoint:
    """Returns a treatment as a point, in percent."""
    return FrontierPoint(name, 100 * x.mean, 100 * y.mean, (100 * x.low, 100 * x.high), (100 * y.low, 100 * y.high))


def description_of(treatments: Treatments) -> str:
    """Returns the figure in words."""
    told = [
        f"{name} accuracy {told_spread(result.summary.accuracy)}, macro-F1 {told_spread(result.summary.macro_f1)}, "
        f"recall {told_spread(rare_recall(treatments, name))}"
        for name, result in treatments.results.items()
    ]
    return f"Accuracy, macro-F1 and recall of {treatments.rare_class} in percent: " + "; ".join(told)


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
            spread_column(f"recall of {rare}, %", lambda row: rare_recall(treatments, row["name"])),
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
