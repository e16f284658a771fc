"""A comparison as tables, for pandas and spreadsheets: shares from 0 to 1, differences as fractions."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from emotion_tl.analysis.comparison import Comparison, ModelResult
from emotion_tl.analysis.family import CorrectedComparison
from emotion_tl.analysis.findings import Findings
from emotion_tl.analysis.model_comparison import ModelComparison
from emotion_tl.analysis.paired import Difference
from emotion_tl.analysis.seed_summary import Spread

COMPARED = ("accuracy", "macro_f1")
COSTS = ("training_seconds", "latency_milliseconds", "batch_latency_milliseconds", "model_megabytes")


def write_tables(comparison: Comparison, findings: Findings, folder: Path) -> None:
    """Writes models.csv, runs.csv, differences.csv, classes.csv and calibration.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "models": [model_row(result) for result in comparison.results],
        "runs": [run for result in comparison.results for run in run_rows(result)],
        "differences": [
            difference_row(result.name, result.corrected) for result in comparison.results if result.corrected
        ],
        "classes": [row for result in comparison.results for row in class_rows(result)],
        "calibration": [vars(gain) for gain in findings.calibration_gains],
    }
    for name, rows in tables.items():
        pd.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False)


def model_row(result: ModelResult) -> dict[str, Any]:
    """Returns the figures of a model: means, standard deviations and intervals."""
    model, leak_free = result.model, result.leak_free_summary
    row: dict[str, Any] = {"model": result.name, "num_seeds": len(model.runs)}
    for metric in COMPARED:
        row |= spread_columns(metric, getattr(result.summary, metric))
        if leak_free is not None:
            row |= spread_columns(f"leak_free_{metric}", getattr(leak_free, metric))
    row |= {f"recall_{name}": recall.mean for name, recall in result.summary.class_recall.items()}
    row |= {f"val_{metric}": model.mean_metric(f"val_{metric}") for metric in COMPARED}
    row |= {cost: model.mean_metric(cost) for cost in COSTS}
    return row | {"num_parameters": model.tags.get("num_parameters")}


def spread_columns(name: str, spread: Spread) -> dict[str, float | None]:
    """Returns mean, standard deviation over the seeds, and the ends of the interval."""
    return {
        name: spread.mean,
        f"{name}_standard_deviation": spread.standard_deviation,
        f"{name}_low": spread.low,
        f"{name}_high": spread.high,
    }


def run_rows(result: ModelResult) -> Iterator[dict[str, Any]]:
    """Yields the runs of a model."""
    for run in result.model.runs:
        figures = {name: run.metrics.get(name) for name in ("val_accuracy", "test_accuracy", "test_macro_f1")}
        described = {name: run.tags.get(name) for name in ("weights", "git_commit", "device")}
        yield {"model": result.name, "seed": run.seed, **figures, **described, "run_id": run.run_id}


def difference_row(name: str, corrected: CorrectedComparison) -> dict[str, Any]:
    """Returns how a model stands to the baseline."""
    comparison = corrected.comparison
    row: dict[str, Any] = {"model": name, "baseline": comparison.baseline, **difference_columns("", comparison)}
    if corrected.leak_free is not None:
        row |= difference_columns("leak_free_", corrected.leak_free)
    return row | {
        "test": comparison.test,
        "p_value": comparison.p_value,
        "adjusted_p_value": corrected.adjusted_p_value,
        "verdict": corrected.verdict,
        "smallest_difference": corrected.smallest_difference,
        **{f"agreement_{name}": value for name, value in vars(comparison.agreement).items()},
    }


def difference_columns(prefix: str, comparison: ModelComparison) -> Mapping[str, float]:
    """Returns the differences and the ends of their intervals."""
    return {
        f"{prefix}{metric}{end}": value
        for metric in COMPARED
        for end, value in ends_of(getattr(comparison, metric)).items()
    }


def ends_of(difference: Difference) -> dict[str, float]:
    """Returns the value and the ends of the interval by the ending of their columns."""
    return {"": difference.value, "_low": difference.low, "_high": difference.high}


def class_rows(result: ModelResult) -> Iterator[dict[str, Any]]:
    """Yields how a model stands to the baseline class by class."""
    if result.corrected is None:
        return
    for row in result.corrected.comparison.per_class:
        figures = {
            f"{metric}{end}": value
            for metric in ("recall", "f1")
            for end, value in ends_of(getattr(row, metric)).items()
        }
        yield {"model": result.name, "class": row.class_name, "support": row.support, **figures}
