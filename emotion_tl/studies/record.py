"""What a study has found so far, kept as study.json among the artifacts of its MLflow run.

A study goes on below the same run when it is started again or extended, and the record covers all its starts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from emotion_tl.config import TrackingConfig
from emotion_tl.errors import ModelNotFoundError
from emotion_tl.identity import DATA, may_have_effect
from emotion_tl.override_text import key_of
from emotion_tl.studies.plan import PlannedJob, variant_name
from emotion_tl.study_config import STUDY_TAG
from emotion_tl.sweeps.outcome import JobOutcome
from emotion_tl.tracking.parent_run import find_parent_run, log_record, read_record

RECORD_FILE = "study.json"


@dataclass(frozen=True)
class StudyRow:
    """One job of a study that has ended.

    Attributes:
        arm: name of the arm.
        seed: of the run.
        settings: the values of the grid by their keys.
        outcome: what became of it.
    """

    arm: str
    seed: int
    settings: dict[str, Any]
    outcome: JobOutcome

    @property
    def run_id(self) -> str | None:
        """Returns the id of the MLflow run."""
        return self.outcome.run_id

    @property
    def variant(self) -> str:
        """Returns the arm with its values of the grid: what was run with several seeds."""
        return variant_name(self.arm, self.settings)

    @property
    def own_overrides(self) -> set[str]:
        """Returns the overrides that all seeds of the variant share, without those that cannot change a result."""
        return {
            text for text in self.outcome.overrides if text != f"seed={self.seed}" and may_have_effect(key_of(text))
        }

    @property
    def data_overrides(self) -> frozenset[str]:
        """Returns the overrides that say which images the run is about."""
        return frozenset(text for text in self.outcome.overrides if key_of(text).split(".")[0] == DATA)


@dataclass(frozen=True)
class StudyRuns:
    """The runs of a study.

    Attributes:
        name: of the study.
        baseline: the arm that the others are compared with.
        run_id: the MLflow run of the study, below which its runs stand.
        rows: the jobs that have ended, failed ones included.
    """

    name: str
    baseline: str
    run_id: str
    rows: list[StudyRow]

    def finished(self) -> list[StudyRow]:
        """Returns the rows with a result."""
        return [row for row in self.rows if not row.outcome.has_failed]


def rows_of(jobs: Sequence[PlannedJob], outcomes: Iterable[JobOutcome]) -> list[StudyRow]:
    """Returns the rows of the jobs that have ended, in the order of the jobs."""
    ended = {outcome.number: outcome for outcome in outcomes}
    return [StudyRow(job.arm, job.seed, job.settings, ended[job.number]) for job in jobs if job.number in ended]


def merge_rows(before: Sequence[StudyRow], now: Sequence[StudyRow]) -> list[StudyRow]:
    """Returns the rows of all starts of a study.

    A job that ended in this start takes the place of its earlier row. An earlier row of an arm that has got other
    settings since is left out: it is not of that arm any more. No earlier row is kept once the images have changed.
    """
    if have_images_changed(before, now):
        return list(now)
    places = {(row.variant, row.seed) for row in now}
    definitions = {row.variant: row.own_overrides for row in now}
    kept = [
        row
        for row in before
        if (row.variant, row.seed) not in places
        and definitions.get(row.variant, row.own_overrides) == row.own_overrides
    ]
    return [*kept, *now]


def have_images_changed(before: Sequence[StudyRow], now: Sequence[StudyRow]) -> bool:
    """Returns whether the same settings of the data stand for other images than at an earlier start."""
    found = {row.data_overrides: row.outcome.dataset_fingerprint for row in before if row.outcome.dataset_fingerprint}
    return any(
        found.get(row.data_overrides, row.outcome.dataset_fingerprint) != row.outcome.dataset_fingerprint
        for row in now
        if row.outcome.dataset_fingerprint
    )


def write_study(study: StudyRuns) -> None:
    """Writes the record of a study."""
    rows = [asdict(row) for row in study.rows]
    log_record(study.run_id, {"name": study.name, "baseline": study.baseline, "rows": rows}, RECORD_FILE)


def read_record_of(run_id: str) -> StudyRuns | None:
    """Returns the study that an MLflow run has the record of; None before its first start has ended."""
    record = read_record(run_id, RECORD_FILE)
    if record is None:
        return None
    rows = [StudyRow(**row | {"outcome": JobOutcome(**row["outcome"])}) for row in record["rows"]]
    return StudyRuns(record["name"], record["baseline"], run_id, rows)


def read_study(tracking: TrackingConfig, name: str) -> StudyRuns:
    """Returns what the study of this name has found so far; of several, the one that was started last.

    Raises:
        ModelNotFoundError: where the store has no such study, or none that has come to an end.
        ConfigurationError: where the store cannot be reached.
    """
    run_id, others = find_parent_run(tracking, STUDY_TAG, name)
    study = None if run_id is None else read_record_of(run_id)
    if study is None:
        raise ModelNotFoundError(
            f"study_name: expected a study that was run, one of {', '.join(others) or 'none so far'}. Received: "
            f"{name}. `python -m emotion_tl study study={name}` runs it."
        )
    return study
