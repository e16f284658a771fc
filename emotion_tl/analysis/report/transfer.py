"""The chapter of the transfer gain: step by step, and over the number of training images."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from emotion_tl.analysis.comparison import Comparison, ModelResult
from emotion_tl.analysis.figures.curves import Curve, Panel, curves_figure
from emotion_tl.analysis.findings import Findings, FractionCurve
from emotion_tl.analysis.report.columns import difference_column, spread_column, training_columns
from emotion_tl.analysis.stages import learning_curve
from emotion_tl.analysis.told import told_fraction
from emotion_tl.analysis.training_time import CACHE_CAVEAT
from emotion_tl.analysis.transfer_gain import TransferGain, WithinBudget
from emotion_tl.duration import told_duration
from emotion_tl.html_report.blocks import Block, Column, DataTable, Heading, Paragraph, Plot, Section

STEPS_FAMILY = (
    "The verdicts are corrected (Holm) over the steps of all networks, their gain over training from scratch included; "
    "the differences to the baseline are another family"
)


def transfer_section(comparison: Comparison, findings: Findings) -> Section:
    """Returns what fine-tuning adds, and where transfer stops paying; empty where the runs do not say."""
    blocks: list[Block] = []
    for gain in findings.transfer_gains:
        blocks += gain_blocks(gain, comparison)
    if findings.fraction_curves:
        blocks += fraction_blocks(findings.fraction_curves)
    return Section("What transfer brings", blocks)


def gain_blocks(gain: TransferGain, comparison: Comparison) -> list[Block]:
    """Returns the steps of one network, as a figure over epochs and time and as a table."""
    budget = f"{gain.budgets['epoch']:.0f} epochs and in {told_duration(gain.budgets['seconds'])}"
    return [
        Heading(f"{gain.network}, step by step"),
        Paragraph(
            "Curves show val, which may be looked at in every epoch; test is predicted once, for the best epoch. "
            f"{CACHE_CAVEAT}."
        ),
        Plot(
            stages_figure(gain, comparison),
            f"Best val accuracy so far of {', '.join(step.stage for step in gain.steps)} over epochs and over minutes.",
        ),
        DataTable(
            [{"step": step} for step in gain.steps],
            gain_columns(),
            f"What each step adds. Equal budgets are those of the shortest step: best val accuracy within {budget}, "
            "the mean over the seeds that ended an epoch by then. Features found in the cache cost no time, so of two "
            f"steps on the same features the one that was run first pays for both. {STEPS_FAMILY}",
        ),
    ]


def stages_figure(gain: TransferGain, comparison: Comparison) -> Figure:
    """Draws the val accuracy of each step over epochs and over time, beside the baseline on the same images."""
    results = [(step.stage, step.result) for step in gain.steps]
    baseline = next((step.result.baseline for step in gain.steps if step.result.baseline is not None), None)
    if baseline is not None and baseline not in [result.name for _, result in results]:
        results.append((f"baseline: {baseline}", comparison.result_of(baseline)))
    panels = [
        Panel(stage_curves(results, "epoch", 1), "Over epochs", "epoch"),
        Panel(stage_curves(results, "seconds", 60), "Over time", "minutes"),
    ]
    return curves_figure(panels, f"{gain.network} as it learns", "best val accuracy so far, %")


def stage_curves(results: list[tuple[str, ModelResult]], of: str, unit: float) -> list[Curve]:
    """Returns a curve for each seed of each step."""
    return [
        Curve(stage, curve[of] / unit, 100 * curve["val_accuracy"], style=style)
        for style, (stage, result) in enumerate(results)
        for curve in (learning_curve(run) for run in result.model.runs)
    ]


def gain_columns() -> list[Column]:
    """Returns the columns of the table of steps."""

    def within(heading: str, of: str) -> Column:
        return Column(
            heading, lambda row: told_within(row["step"].within[of]), lambda row: row["step"].within[of].val_accuracy
        )

    return [
        Column("what learns", lambda row: row["step"].stage),
        Column("model", lambda row: row["step"].result.name),
        spread_column("test accuracy, %", lambda row: row["step"].result.summary.accuracy),
        difference_column(
            "gain over the step before", lambda row: row["step"].gain and row["step"].gain.comparison.accuracy
        ),
        Column("verdict", lambda row: row["step"].gain.verdict if row["step"].gain else None),
        within("val at equal epochs, %", "epoch"),
        within("val at equal time, %", "seconds"),
        *training_columns(lambda row: row["step"].result.model),
    ]


def told_within(within: WithinBudget) -> str:
    """Returns "66.1", "66.1 (2 of 3 seeds)" or that no epoch had ended."""
    if not within.num_seeds:
        return "no epoch ended by then"
    seeds = f" ({within.num_seeds} of {within.num_runs} seeds)" if within.num_seeds < within.num_runs else ""
    return f"{100 * within.val_accuracy:.1f}{seeds}"


def fraction_blocks(curves: Sequence[FractionCurve]) -> list[Block]:
    """Returns how the models fare on fewer training images."""
    rows = [
        {"curve": curve.name, "fraction": fraction, "result": result}
        for curve in curves
        for fraction, result in curve.points
    ]
    return [
        Heading("With fewer images to learn from"),
        Plot(
            fractions_figure(curves),
            "Accuracy on test over the number of training images of " + ", ".join(curve.name for curve in curves),
        ),
        DataTable(
            rows,
            fraction_columns(),
            "Test accuracy over the share of the training images; the test images are the same. The verdicts are "
            "those of the differences to the baseline, corrected over all models",
        ),
    ]


def fractions_figure(curves: Sequence[FractionCurve]) -> Figure:
    """Draws the accuracy over the number of training images."""
    lines = []
    ticks: set[int] = set()
    for style, curve in enumerate(curves):
        counts = [result.model.runs[0].num_train_images for _, result in curve.points]
        spreads = [result.summary.accuracy for _, result in curve.points]
        ticks |= set(counts)
        lines.append(
            Curve(
                curve.name,
                counts,
                [100 * spread.mean for spread in spreads],
                [100 * spread.low for spread in spreads],
                [100 * spread.high for spread in spreads],
                style,
            )
        )
    panel = Panel(lines, "Means over the seeds with their intervals", "training images", sorted(ticks))
    return curves_figure([panel], "With fewer images to learn from", "accuracy on test, %")


def fraction_columns() -> list[Column]:
    """Returns the columns of the table over the shares of the training images."""
    return [
        Column("model", lambda row: row["curve"]),
        Column("share", lambda row: told_fraction(row["fraction"]), lambda row: row["fraction"]),
        Column(
            "training images",
            lambda row: f"{row['result'].model.runs[0].num_train_images:,}",
            lambda row: row["result"].model.runs[0].num_train_images,
        ),
        spread_column("test accuracy, %", lambda row: row["result"].summary.accuracy),
        difference_column(
            "to the baseline on the same images",
            lambda row: row["result"].corrected and row["result"].corrected.comparison.accuracy,
        ),
        Column("verdict", lambda row: row["result"].corrected.verdict if row["result"].corrected else None),
    ]
