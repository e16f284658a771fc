"""What one run found, told on the terminal when it ends."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from emotion_tl.config import ExperimentConfig
from emotion_tl.evaluation.told import told_level
from emotion_tl.experiment import ExperimentResult
from emotion_tl.fed import WHOLE_NETWORK
from emotion_tl.tracking.store import ui_command

# Figures that are shares are shown in percent, losses as they are.
SHARES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro-F1",
    "top_2_accuracy": "top-2 accuracy",
    "expected_calibration_error": "calibration error",
}
LOSSES = {"log_loss": "log loss", "brier_score": "Brier score"}


def print_summary(result: ExperimentResult, config: ExperimentConfig) -> None:
    """Prints the figures with their intervals, the recall of each class and where everything is."""
    console = Console(highlight=False, soft_wrap=True, markup=False)
    console.print(figures_table(result, config.evaluation.confidence_level))
    per_class = result.metrics["test"]["official"]["per_class"]
    recalls = ", ".join(f"{row['class']} {row['recall']:.0%}" for row in per_class if row["recall"] is not None)
    console.print(f"Recall on test: {recalls}")
    console.print(f"Best epoch: {result.metrics['best_epoch']} of {len(result.history)}, chosen on val")
    for phase, fed in result.metrics["inputs"].items():
        if fed != WHOLE_NETWORK:
            console.print(f"Phase {phase} was trained on {fed}")
    console.print(f"Files: {result.output_dir}")
    console.print(f"MLflow: {ui_command(config.tracking)}")


def figures_table(result: ExperimentResult, confidence_level: float) -> Table:
    """Returns the headline figures on val, on test and, where the test set holds copies, on its leak-free part."""
    columns = {"val": result.metrics["val"]["official"], "test": result.metrics["test"]["official"]}
    leak_free = result.metrics["test"]["leak_free"]
    if leak_free is not None:
        columns["test, leak-free"] = leak_free
    table = Table(
        title=f"{result.run_name}, {told_level(confidence_level)} intervals, shares in %",
        title_justify="left",
        box=SIMPLE_HEAD,
    )
    table.add_column("", no_wrap=True)
    for name, figures in columns.items():
        table.add_column(f"{name}\n{figures['num_images']:,} images", justify="right", no_wrap=True)
    for key, label in {**SHARES, **LOSSES}.items():
        if key in columns["test"]:
            table.add_row(label, *(with_interval(figures, key) for figures in columns.values()))
    return table


def with_interval(figures: dict, key: str) -> str:
    """Returns a figure with its interval, short enough for three columns on a terminal of 80."""
    interval = figures["intervals"][key]
    factor, decimals = (100, 1) if key in SHARES else (1, 2)
    value, low, high = (
        f"{factor * number:.{decimals}f}" for number in (figures[key], interval["low"], interval["high"])
    )
    return f"{value} ({low}–{high})"
