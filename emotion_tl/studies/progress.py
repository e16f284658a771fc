"""How far a study is: what has ended, what is left, and about how long that takes.

The jobs may run in other processes and on other machines. Each reads what its study has planned, and what has become of
the others, from the MLflow run of the study.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import mean

from emotion_tl.config import TrackingConfig
from emotion_tl.duration import told_duration
from emotion_tl.errors import EmotionTLError
from emotion_tl.studies.plan import PlannedJob
from emotion_tl.sweeps.outcome import FINISHED, REUSED, JobOutcome
from emotion_tl.tracking.parent_run import log_record, read_records
from emotion_tl.tracking.store import open_store


@dataclass(frozen=True)
class Progress:
    """What one start of a study is about and how far it is.

    Attributes:
        jobs: all of them.
        found: outcomes of earlier runs, known before the first job.
        outcomes: of the jobs that this start has come to.
    """

    jobs: Sequence[PlannedJob]
    found: Sequence[JobOutcome]
    outcomes: Sequence[JobOutcome] = ()

    @property
    def ended(self) -> dict[int, JobOutcome]:
        """Returns the outcomes of the jobs that need not be run any more."""
        return {outcome.number: outcome for outcome in (*self.found, *self.outcomes)}

    @property
    def left(self) -> list[PlannedJob]:
        """Returns the jobs that have not ended, those under way included."""
        return [job for job in self.jobs if job.number not in self.ended]

    def seconds_left(self) -> float | None:
        """Returns the seconds of computing that the jobs left take, as long as those before; None where none has."""
        return estimate_seconds(self.left, self.seconds_by_variant())

    def seconds_by_variant(self) -> dict[str, list[float]]:
        """Returns the seconds of the finished runs of each arm with its values of the grid."""
        seconds = defaultdict(list)
        for job in self.jobs:
            outcome = self.ended.get(job.number)
            if outcome is not None and not outcome.has_failed and outcome.total_seconds is not None:
                seconds[job.variant].append(outcome.total_seconds)
        return seconds


def estimate_seconds(jobs: Iterable[PlannedJob], known: Mapping[str, list[float]]) -> float | None:
    """Returns the seconds that some jobs take: each as long as its variant did, or as the mean of all variants."""
    means = {variant: mean(seconds) for variant, seconds in known.items()}
    if not means:
        return None
    return sum(means.get(job.variant, mean(means.values())) for job in jobs)


def describe_progress(progress: Progress, in_turn: bool) -> str:
    """Returns how many jobs have ended how, and the time left.

    Args:
        in_turn: whether the jobs run one after the other, so that the computing left is the time left.
    """
    counts = Counter(outcome.status for outcome in progress.ended.values())
    parts = [f"{counts[FINISHED]} finished", f"{counts[REUSED]} finished before"]
    num_failed = sum(outcome.has_failed for outcome in progress.ended.values())
    parts += [f"{num_failed} failed"] if num_failed else []
    line = f"{', '.join(parts)}, {len(progress.left)} to go"
    seconds = progress.seconds_left()
    if seconds is None or not progress.left:
        return line
    return f"{line}, about {told_duration(seconds)}{'' if in_turn else ' of computing'}"


def log_plan(run_id: str, start: str, progress: Progress) -> None:
    """Leaves what a start of a study is about where its jobs find it."""
    record = {"jobs": list(map(asdict, progress.jobs)), "found": list(map(asdict, progress.found))}
    log_record(run_id, record, f"{plan_folder(start)}/plan.json")


def read_progress(tracking: TrackingConfig, run_id: str, start: str, outcomes_folder: str) -> Progress | None:
    """Returns how far a start of a study is; None where its plan cannot be read.

    Args:
        run_id: MLflow run of the study.
        start: its id, under which it has left its plan.
        outcomes_folder: of the artifacts in which its jobs leave their outcomes.
    """
    try:
        open_store(tracking)
        plans, outcomes = read_records(run_id, plan_folder(start)), read_records(run_id, outcomes_folder)
    except (EmotionTLError, OSError):
        # A job is run whether or not it can be told how far the others are.
        return None
    if not plans:
        return None
    jobs = [PlannedJob(**job) for job in plans[0]["jobs"]]
    found = [JobOutcome(**outcome) for outcome in plans[0]["found"]]
    return Progress(jobs, found, [JobOutcome(**outcome) for outcome in outcomes])


def plan_folder(start: str) -> str:
    """Returns the folder of the plan of a start among the artifacts of the study's run."""
    return f"plans/{start}"
