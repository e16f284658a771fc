"""Finished runs side by side: a table, and what the differences to the baseline are worth."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from emotion_tl.analysis.paired import compare_paired
from emotion_tl.analysis.wording import verdict_sentence
from emotion_tl.command_config import CompareConfig
from emotion_tl.tracking.runs import Run, find_runs, read_test_predictions
from emotion_tl.tracking.store import ui_command

RANDOM_FALLBACK = "random (fallback)"


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes:
        table: a row a run, the best test accuracy first.
        verdicts: a sentence for each run that shares its test images with the baseline.
        warnings: what keeps a reader from a wrong conclusion.
    """

    table: pd.DataFrame
    verdicts: list[str]
    warnings: list[str]


def compare_runs(config: CompareConfig) -> Comparison:
    """Reads finished runs and compares each with the latest run of the baseline on the same test images.

    Raises:
        ModelNotFoundError: where there is no such experiment or run.
    """
    runs = find_runs(config.tracking, config.experiment_name, config.runs)
    table = pd.DataFrame([describe(run) for run in runs])
    table = table.sort_values("accuracy", ascending=False, ignore_index=True)
    verdicts: list[str] = []
    warnings = [
        f"{run.info.run_name} ran with RANDOM weights, because the pretrained ones could not be had: "
        "it says nothing about transfer."
        for run in runs
        if run.data.tags.get("weights") == RANDOM_FALLBACK
    ]
    baselines = [run for run in runs if run.data.tags["backbone"] == config.baseline]
    if not baselines:
        warnings.append(f"No finished run of the baseline {config.baseline}: nothing to compare with.")
        return Comparison(table, verdicts, warnings)
    for run in runs:
        if run.info.run_id != baselines[0].info.run_id:
            verdict = compare_with(run, baselines[0], config)
            (verdicts if verdict else warnings).append(
                verdict
                or f"{run.info.run_name} was tested on other images than {baselines[0].info.run_name}: not compared."
            )
    return Comparison(table, verdicts, warnings)


def describe(run: Run) -> dict[str, object]:
    """Returns what the table tells of a run."""
    metrics, tags = run.data.metrics, run.data.tags
    return {
        "run": run.info.run_name,
        "weights": tags.get("weights", ""),
        "seed": tags.get("seed", ""),
        "accuracy": metrics.get("test_accuracy", np.nan),
        "accuracy_low": metrics.get("test_accuracy_low", np.nan),
        "accuracy_high": metrics.get("test_accuracy_high", np.nan),
        "leak_free_accuracy": metrics.get("test_leak_free_accuracy", np.nan),
        "macro_f1": metrics.get("test_macro_f1", np.nan),
        "macro_f1_low": metrics.get("test_macro_f1_low", np.nan),
        "macro_f1_high": metrics.get("test_macro_f1_high", np.nan),
        "num_parameters": int(tags.get("num_parameters", 0)),
        "training_seconds": metrics.get("training_seconds", np.nan),
        "run_id": run.info.run_id,
    }


def compare_with(run: Run, baseline: Run, config: CompareConfig) -> str | None:
    """Returns the verdict on a run against the baseline; None where they were tested on other images."""
    if run.data.tags.get("test_fingerprint") != baseline.data.tags.get("test_fingerprint"):
        return None
    candidate_table, baseline_table = read_test_predictions(run), read_test_predictions(baseline)
    if not candidate_table["label"].equals(baseline_table["label"]):
        return None
    columns = [str(column) for column in baseline_table if str(column).startswith("probability_")]
    class_names = [column.removeprefix("probability_") for column in columns]
    comparison = compare_paired(
        pd.Categorical(baseline_table["label"], categories=class_names).codes.astype("int64"),
        baseline_table[columns].to_numpy(),
        candidate_table[columns].to_numpy(),
        num_resamples=config.num_bootstrap_resamples,
        confidence_level=config.confidence_level,
        seed=config.seed,
    )
    return verdict_sentence(comparison, run.info.run_name, baseline.info.run_name)


def print_comparison(comparison: Comparison, config: CompareConfig) -> None:
    """Prints the table, the verdicts and how to open the runs; writes the table as CSV where asked."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(terminal_table(comparison.table, config.confidence_level))
    for warning in comparison.warnings:
        console.print(f"[yellow]![/] {escape(warning)}")
    for verdict in comparison.verdicts:
        console.print(f"- {escape(verdict)}")
    if config.output is not None:
        comparison.table.to_csv(Path(config.output).expanduser(), index=False)
        console.print(f"Table: {config.output}")
    console.print(f"All of it in the browser: {ui_command(config.tracking)}")


def terminal_table(table: pd.DataFrame, confidence_level: float) -> Table:
    """Returns the runs as a table for the terminal, narrow enough for 80 columns."""
    shown = Table(title=f"On the test images, {confidence_level:.0%} intervals", title_justify="left", box=SIMPLE_HEAD)
    shown.add_column("run", overflow="fold", min_width=20)
    for heading in ("accuracy, %", "leak-free", "macro-F1", "minutes"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for row in table.to_dict("records"):
        low, high, leak_free = row["accuracy_low"], row["accuracy_high"], row["leak_free_accuracy"]
        origin = "from scratch" if row["weights"] == "random" else f"{row['weights']} weights"
        color = "red" if row["weights"] == RANDOM_FALLBACK else "dim"
        shown.add_row(
            f"{escape(row['run'])}\n[{color}]{escape(origin)}, {row['num_parameters'] / 1e6:.1f} M parameters[/]",
            f"[bold]{100 * row['accuracy']:.1f}[/] ({100 * low:.1f}–{100 * high:.1f})",
            "no copies" if np.isnan(leak_free) else f"{100 * leak_free:.1f}",
            f"{100 * row['macro_f1']:.1f}",
            f"{row['training_seconds'] / 60:.1f}",
        )
    return shown
