"""A comparison as tables, for pandas and spreadsheets: shares from 0 to 1, differences as fractions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from emotion_tl.analysis.comparison import Comparison, ModelResult
from emotion_tl.analysis.difference import Difference
from emotion_tl.analysis.ensemble_results import EnsembleResult
from emotion_tl.analysis.family import CorrectedComparison
from emotion_tl.analysis.findings import Findings
from emotion_tl.analysis.imbalance import Treatments, rare_recall, rare_recall_gain
from emotion_tl.analysis.model_comparison import ModelComparison
from emotion_tl.analysis.seed_summary import SeedSummary, Spread
from emotion_tl.analysis.training_time import seconds_outside_epochs, slowest_seconds
from emotion_tl.analysis.transfer_gain import GainStep, TransferGain

COMPARED = ("accuracy", "macro_f1")
RUN_METRICS = ("val_accuracy", "test_accuracy", "test_macro_f1", "training_seconds")
COSTS = ("training_seconds", "latency_milliseconds", "batch_latency_milliseconds", "model_megabytes")


def write_tables(comparison: Comparison, findings: Findings, folder: Path) -> None:
    """Writes what the report tells as CSV files, one a table; those without a row are not there."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "models": [model_row(result) for result in comparison.results],
        "runs": [run for result in comparison.results for run in run_rows(result)],
        "differences": [
            difference_row(result.name, result.corrected) for result in comparison.results if result.corrected
        ],
        "classes": [row for result in comparison.results for row in class_rows(result)],
        "transfer": [transfer_row(gain, step) for gain in findings.transfer_gains for step in gain.steps],
        "treatments": [
            treatment_row(treatments, name) for treatments in findings.treatments for name in treatments.results
        ],
        "calibration": [vars(gain) for gain in findings.calibration_gains],
        "ensembles": [ensemble_row(ensemble) for ensemble in findings.ensembles.results],
    }
    for name, rows in tables.items():
        path = folder / f"{name}.csv"
        # What an earlier comparison left there is of other runs.
        path.unlink(missing_ok=True)
        if rows:
            pd.DataFrame(rows).to_csv(path, index=False)


def model_row(result: ModelResult) -> dict[str, Any]:
    """Returns the figures of a model: means, standard deviations and intervals."""
    model = result.model
    row: dict[str, Any] = {"model": result.name, "num_seeds": len(model.runs)}
    row |= summary_columns(result.summary, result.leak_free_summary)
    for name, recall in result.summary.class_recall.items():
        row |= spread_columns(f"recall_{name}", recall)
    row |= {f"val_{metric}": model.mean_metric(f"val_{metric}") for metric in COMPARED}
    row |= {cost: model.mean_metric(cost) for cost in COSTS}
    row |= {"slowest_training_seconds": slowest_seconds(model)}
    return row | {"num_parameters": model.tags.get("num_parameters")}


def summary_columns(summary: SeedSummary, leak_free: SeedSummary | None) -> dict[str, float | None]:
    """Returns accuracy and macro-F1 with their intervals, on all test images and on those without a copy."""
    row: dict[str, float | None] = {}
    for metric in COMPARED:
        row |= spread_columns(metric, getattr(summary, metric))
        if leak_free is not None:
            row |= spread_columns(f"leak_free_{metric}", getattr(leak_free, metric))
    return row


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
        figures = {name: run.metrics.get(name) for name in RUN_METRICS}
        figures["seconds_outside_epochs"] = seconds_outside_epochs(run)
        described = {name: run.tags.get(name) for name in ("weights", "git_commit", "device")}
        yield {"model": result.name, "seed": run.seed, **figures, **described, "run_id": run.run_id}


def difference_row(name: str, corrected: CorrectedComparison) -> dict[str, Any]:
    """Returns how a model stands to the baseline."""
    comparison = corrected.comparison
    row: dict[str, Any] = {"model": name, "baseline": comparison.baseline, **comparison_columns("", comparison)}
    if corrected.leak_free is not None:
        row |= comparison_columns("leak_free_", corrected.leak_free)
    return row | {
        "test": comparison.test,
        "p_value": comparison.p_value,
        **verdict_columns(corrected),
        "smallest_difference": corrected.smallest_difference,
        **{f"agreement_{name}": value for name, value in vars(comparison.agreement).items()},
    }


def comparison_columns(prefix: str, comparison: ModelComparison) -> dict[str, float]:
    """Returns the differences in accuracy and macro-F1 with the ends of their intervals."""
    accuracy = difference_columns(f"{prefix}accuracy", comparison.accuracy)
    return accuracy | difference_columns(f"{prefix}macro_f1", comparison.macro_f1)


def difference_columns(name: str, difference: Difference) -> dict[str, float]:
    """Returns a difference and the ends of its interval."""
    return {name: difference.value, f"{name}_low": difference.low, f"{name}_high": difference.high}


def verdict_columns(corrected: CorrectedComparison) -> dict[str, Any]:
    """Returns the p-value after the correction, and the verdict by it."""
    return {"adjusted_p_value": corrected.adjusted_p_value, "verdict": corrected.verdict}


def class_rows(result: ModelResult) -> Iterator[dict[str, Any]]:
    """Yields how a model stands to the baseline class by class."""
    if result.corrected is None:
        return
    for row in result.corrected.comparison.per_class:
        figures = difference_columns("recall", row.recall) | difference_columns("f1", row.f1)
        yield {"model": result.name, "class": row.class_name, "support": row.support, **figures}


def transfer_row(gain: TransferGain, step: GainStep) -> dict[str, Any]:
    """Returns a step of a network: its figures, its gain over the step before, and what it reached in equal budgets.

    The gain of the step from scratch is empty. The last pretrained step has its own over that one: of pretrained
    weights alone where `what_learns` is "all unfrozen", and else of that step over training all from random weights.
    """
    row: dict[str, Any] = {"network": gain.network, "what_learns": step.stage, "model": step.result.name}
    row |= spread_columns("accuracy", step.result.summary.accuracy)
    over_scratch = gain.over_scratch if step is gain.last_pretrained else None
    for name, pair in (("gain", step.gain), ("gain_over_scratch", over_scratch)):
        if pair is not None:
            row |= difference_columns(name, pair.comparison.accuracy)
            row |= {f"{name}_{column}": value for column, value in verdict_columns(pair).items()}
    for of, within in step.within.items():
        row |= {
            f"{of}_budget": gain.budgets[of],
            f"val_accuracy_within_{of}_budget": within.val_accuracy,
            f"num_seeds_within_{of}_budget": within.num_seeds,
        }
    return row


def treatment_row(treatments: Treatments, name: str) -> dict[str, Any]:
    """Returns a treatment of imbalance, and its differences to none.

    The interval of the accuracy holds alone; those of macro-F1 and recall hold together with the confidence level.
    """
    result = treatments.results[name]
    row: dict[str, Any] = {"network": treatments.name, "treatment": name, "model": result.name}
    row |= summary_columns(result.summary, result.leak_free_summary)
    row |= {"rare_class": treatments.rare_class, **spread_columns("rare_recall", rare_recall(treatments, name))}
    if name not in treatments.against_untreated:
        return row
    alone, jointly = treatments.against_untreated[name], treatments.simultaneous[name]
    return row | {
        **difference_columns("accuracy_to_none", alone.comparison.accuracy),
        **verdict_columns(alone),
        **difference_columns("macro_f1_to_none", jointly.macro_f1),
        **difference_columns("rare_recall_to_none", rare_recall_gain(treatments, jointly)),
        "simultaneous_interval_level": jointly.confidence_level,
    }


def ensemble_row(ensemble: EnsembleResult) -> dict[str, Any]:
    """Returns an ensemble, and how it stands to the best model alone."""
    return {
        "ensemble": ensemble.name,
        **summary_columns(ensemble.summary, ensemble.leak_free_summary),
        "best_alone": ensemble.best_alone,
        **difference_columns("accuracy_to_best_alone", ensemble.pair.comparison.accuracy),
        **difference_columns("macro_f1_to_best_alone", ensemble.pair.comparison.macro_f1),
        **verdict_columns(ensemble.pair),
        **{f"weight_{name}": weight for name, weight in ensemble.weights.items()},
    }
