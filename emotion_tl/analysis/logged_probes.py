"""The linear probes of a network as a run has left them among its artifacts."""

from dataclasses import dataclass

import pandas as pd

from emotion_tl.errors import ModelNotFoundError, reason_of
from emotion_tl.tracking.run_record import RunRecord

SHOWN_COLUMNS = {
    *("weights", "block", "depth", "val_accuracy", "accuracy", "accuracy_low", "accuracy_high"),
    *("gain", "gain_low", "gain_high", "adjusted_p_value"),
}


@dataclass(frozen=True, eq=False)
class LoggedProbes:
    """What the probes of one network left.

    Attributes:
        subject: which network, at which size, on how many training images of what.
        table: as `emotion_tl.probing.probe_table.tabulate_probes` returns it.
        findings: sentences.
        confidence_level: of the intervals in both.
    """

    subject: str
    table: pd.DataFrame
    findings: list[str]
    confidence_level: float


def read_probes(run: RunRecord) -> LoggedProbes:
    """Returns what a run of probes left.

    Raises:
        ModelNotFoundError: where it left less, or what it left cannot be read.
    """
    try:
        table = pd.read_csv(run.file("probes.csv"))
        findings = run.file("findings.txt").read_text(encoding="utf-8").splitlines()
        confidence_level = float(run.parameters["confidence_level"])
        size = f"{run.parameters['backbone.image_size']} px"
        missing = SHOWN_COLUMNS - set(table.columns)
    except (KeyError, ValueError) as error:
        raise unreadable(run, reason_of(error)) from error
    if missing or table.empty:
        raise unreadable(run, f"probes.csv lacks {', '.join(sorted(missing))}" if missing else "probes.csv is empty")
    images = f"{run.num_train_images:,} images of {run.tags['dataset']}"
    return LoggedProbes(f"{run.tags['backbone']} at {size} on {images}", table, findings, confidence_level)


def unreadable(run: RunRecord, reason: str) -> ModelNotFoundError:
    """Returns the error of a run whose files are not those of probes."""
    return ModelNotFoundError(
        f"Expected the table, the findings and the confidence_level of probes in run {run.name} ({run.run_id}). "
        f"Received: {reason}. Run `python -m emotion_tl probe backbone={run.tags['backbone']}` again."
    )
