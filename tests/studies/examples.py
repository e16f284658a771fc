"""A small study, and jobs of it that have ended."""

from typing import Any

from emotion_tl.studies.plan import PlannedJob, plan_jobs
from emotion_tl.study_config import GridConfig, StudyConfig
from emotion_tl.sweeps.outcome import FINISHED, JobOutcome


def make_study(**changes: Any) -> StudyConfig:
    """Returns a study of two arms and two seeds."""
    settings = {
        "name": "tiny",
        "baseline": "scratch",
        "arms": {
            "transfer": {"backbone": "inceptionv3", "schedule": "frozen_only"},
            "scratch": {"backbone": "baseline_cnn"},
        },
        "seeds": [0, 1],
    }
    return StudyConfig(**settings | changes)


def fractions(arms: list[str] | None = None) -> dict[str, GridConfig]:
    """Returns a grid over two parts of train."""
    return {"part": GridConfig("data.train_fraction", [0.1, 1.0], arms)}


def make_jobs(**changes: Any) -> list[PlannedJob]:
    """Returns the jobs of a small study."""
    return plan_jobs(make_study(**changes), [], {})


def ended(job: PlannedJob, status: str = FINISHED, accuracy: float | None = 0.5, **changes: Any) -> JobOutcome:
    """Returns what became of a job."""
    run_id = f"run of {job.label}"
    figures = {"val_accuracy": accuracy, "val_macro_f1": accuracy, "total_seconds": 60.0}
    return JobOutcome(job.number, job.overrides, status, run_id, **figures | changes)
