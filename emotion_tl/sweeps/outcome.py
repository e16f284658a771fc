"""What became of one job of a sweep."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from emotion_tl.tracking.runs import RunSummary

FINISHED = "finished"
REUSED = "finished before"
FAILED = "failed"
FAILED_BEFORE = "failed before"


@dataclass(frozen=True)
class JobOutcome:
    """What became of one job of a sweep.

    Attributes:
        number: of the job, counted from 0.
        overrides: what makes the job another than the others, as on the command line.
        status: "finished", "finished before", "failed" or "failed before".
        run_id: its MLflow run.
        run_name: what the UI calls it.
        val_accuracy, val_macro_f1: from 0 to 1; None where it failed.
        seconds: of the training.
        reason: why it failed.
        total_seconds: of the whole run, with evaluation and figures.
        dataset_fingerprint: of the images; None where it failed before they were read.
    """

    number: int
    overrides: list[str]
    status: str
    run_id: str | None = None
    run_name: str | None = None
    val_accuracy: float | None = None
    val_macro_f1: float | None = None
    seconds: float | None = None
    reason: str | None = None
    total_seconds: float | None = None
    dataset_fingerprint: str | None = None

    @property
    def has_failed(self) -> bool:
        """Returns whether there is no result."""
        return self.status in (FAILED, FAILED_BEFORE)


def outcome_of_run(number: int, overrides: list[str], run: RunSummary, status: str) -> JobOutcome:
    """Returns the outcome that an ended run stands for."""
    return JobOutcome(
        number=number,
        overrides=overrides,
        status=status,
        run_id=run.run_id,
        run_name=run.run_name,
        val_accuracy=run.metrics.get("val_accuracy"),
        val_macro_f1=run.metrics.get("val_macro_f1"),
        seconds=run.metrics.get("training_seconds"),
        reason=run.reason,
        total_seconds=run.total_seconds,
        dataset_fingerprint=run.dataset_fingerprint,
    )


def told_counts(outcomes: Iterable[JobOutcome]) -> list[str]:
    """Returns how many jobs ended how, as in "3 finished"."""
    counts = Counter(outcome.status for outcome in outcomes)
    return [f"{number} {status}" for status, number in counts.items()]
