"""The chapter for whoever wants to use a model: its probabilities, what it costs, and what several give together."""

from collections.abc import Sequence

from emotion_tl.analysis.calibration_gain import CalibrationGain
from emotion_tl.analysis.comparison import Comparison, ModelResult
from emotion_tl.analysis.ensemble_results import EnsembleResult, Ensembles
from emotion_tl.analysis.findings import Findings
from emotion_tl.analysis.report.columns import difference_column, spread_column, training_columns
from emotion_tl.analysis.training_time import CACHE_CAVEAT
from emotion_tl.evaluation.temperature import TEMPERATURE_RANGE
from emotion_tl.html_report.blocks import Block, Column, DataTable, Heading, Paragraph, Section


def use_section(comparison: Comparison, findings: Findings) -> Section:
    """Returns cost, calibration and ensembles."""
    blocks: list[Block] = [
        Heading("What it costs"),
        cost_table(comparison),
        Heading("Can its probabilities be trusted?"),
        Paragraph(
            "The expected calibration error is how far confidence and accuracy lie apart. One number, the temperature, "
            "fitted on val, divides the logits; it changes no prediction. Above 1 the model was too sure of itself."
        ),
        calibration_table(findings.calibration_gains),
        *(Paragraph(told) for told in told_bounds(findings.calibration_gains)),
    ]
    if findings.ensembles.results:
        blocks += [
            Heading("Several models together"),
            Paragraph(told_fit(findings.ensembles)),
            ensembles_table(findings.ensembles.results),
        ]
    return Section("For whoever uses a model", blocks)


def cost_table(comparison: Comparison) -> DataTable:
    """Returns what training and using each model costs; figures that a run did not measure are left out."""

    def metric(heading: str, name: str, told) -> Column:
        def value(row) -> float:
            return row["result"].model.mean_metric(name)

        return Column(heading, lambda row: told(value(row)) if value(row) == value(row) else None, value)

    return DataTable(
        [{"result": result} for result in comparison.results],
        [
            Column("model", lambda row: row["result"].name),
            *training_columns(lambda row: row["result"].model),
            Column(
                "epochs",
                lambda row: f"{num_epochs(row['result']):.0f}",
                lambda row: num_epochs(row["result"]),
            ),
            Column(
                "training images",
                lambda row: f"{row['result'].model.runs[0].num_train_images:,}",
                lambda row: row["result"].model.runs[0].num_train_images,
            ),
            Column(
                "parameters",
                lambda row: f"{num_parameters(row['result']) / 1e6:.1f} M" if num_parameters(row["result"]) else None,
                lambda row: num_parameters(row["result"]) or float("nan"),
            ),
            metric("model file", "model_megabytes", lambda value: f"{value:.0f} MB"),
            metric("one image", "latency_milliseconds", lambda value: f"{value:.1f} ms"),
            metric("an image of 32", "batch_latency_milliseconds", lambda value: f"{value:.1f} ms"),
            Column("device", lambda row: told_devices(row["result"])),
        ],
        f"Training and use, means over the seeds, each on the machine that ran it. {CACHE_CAVEAT}",
    )


def told_devices(result: ModelResult) -> str | None:
    """Returns the devices that the seeds ran on, each once; None where no run tells."""
    devices = [device for run in result.model.runs if (device := run.tags.get("device"))]
    return ", ".join(dict.fromkeys(devices)) or None


def num_parameters(result: ModelResult) -> int:
    """Returns the weights of the network; 0 where the runs do not tell."""
    return int(result.model.tags.get("num_parameters", 0))


def num_epochs(result: ModelResult) -> float:
    """Returns the epochs of the training, the mean over the seeds."""
    return sum(len(run.history) for run in result.model.runs) / len(result.model.runs)


def calibration_table(gains: Sequence[CalibrationGain]) -> DataTable:
    """Returns the calibration before and after temperature scaling."""

    def figure(heading: str, name: str, factor: float, decimals: int) -> Column:
        return Column(
            heading,
            lambda row: f"{factor * getattr(row['gain'], name):.{decimals}f}",
            lambda row: getattr(row["gain"], name),
        )

    return DataTable(
        [{"gain": gain} for gain in gains],
        [
            Column("model", lambda row: row["gain"].name),
            Column("temperature", lambda row: told_temperature(row["gain"]), lambda row: row["gain"].temperature),
            figure("calibration error, %", "error_before", 100, 1),
            figure("after scaling", "error_after", 100, 1),
            figure("log loss", "log_loss_before", 1, 3),
            figure("after scaling", "log_loss_after", 1, 3),
        ],
        "Calibration on test before and after temperature scaling",
    )


def told_temperature(gain: CalibrationGain) -> str:
    """Returns the temperature, with what it may be beside that where the search for it ended at a bound."""
    beside = [*["or less"] * gain.is_at_lowest, *["or more"] * gain.is_at_highest]
    return " ".join([f"{gain.temperature:.2f}", *beside])


def told_bounds(gains: Sequence[CalibrationGain]) -> list[str]:
    """Returns what a temperature at a bound means, where there is one."""
    lowest, highest = TEMPERATURE_RANGE
    told = []
    if any(gain.is_at_lowest for gain in gains):
        told.append(
            f"Or less: the search ends at {lowest:g}, which a model comes to that has no mistake on val to fit on."
        )
    if any(gain.is_at_highest for gain in gains):
        told.append(
            f"Or more: the search ends at {highest:g}, which a model comes to whose confidence says nothing of whether "
            "it is right on val."
        )
    return told


def told_fit(ensembles: Ensembles) -> str:
    """Returns what was fitted on val, and why a stacked classifier was not."""
    if ensembles.not_stacked is None:
        return "The weights of the models and the stacked classifier were fitted on val; test was predicted once."
    return (
        "The weights of the models were fitted on val; test was predicted once. There is no stacked classifier: "
        f"{ensembles.not_stacked}"
    )


def ensembles_table(ensembles: Sequence[EnsembleResult]) -> DataTable:
    """Returns what the models give together, beside the best of them alone."""
    best_alone = ensembles[0].best_alone
    return DataTable(
        [{"ensemble": ensemble} for ensemble in ensembles],
        [
            Column("ensemble", lambda row: row["ensemble"].name),
            spread_column("accuracy, %", lambda row: row["ensemble"].summary.accuracy),
            spread_column("macro-F1, %", lambda row: row["ensemble"].summary.macro_f1),
            spread_column(
                "accuracy, leak-free, %",
                lambda row: row["ensemble"].leak_free_summary and row["ensemble"].leak_free_summary.accuracy,
            ),
            difference_column(f"to {best_alone}", lambda row: row["ensemble"].pair.comparison.accuracy),
            Column("verdict", lambda row: row["ensemble"].pair.verdict),
            Column("weights", lambda row: row["ensemble"].told_weights),
        ],
        f"Together on test; {best_alone} is the best model alone, by val; differences in points, "
        "the verdicts corrected over the ensembles (Holm)",
    )
