"""A job of a sweep: run in a process of its own, told on the terminal, and left for the sweep to find.

It may run in another process and on another machine than the sweep: overrides tell it where it belongs.
"""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from emotion_tl.cli.experiments import run_and_tell
from emotion_tl.config import ExperimentConfig, TrackingConfig, to_typed
from emotion_tl.console import configure_logging, console, print_error, print_heading
from emotion_tl.own_process import call_in_own_process
from emotion_tl.study_config import ARM_TAG, START_TAG, STUDY_TAG

if TYPE_CHECKING:
    from emotion_tl.sweeps.job import Job
    from emotion_tl.sweeps.outcome import JobOutcome

PARENT_KEY = "tracking.parent_run_id"
# How overrides begin that say where a job belongs.
PLACE_OVERRIDES = (f"{PARENT_KEY}=", *(f"++tracking.tags.{tag}=" for tag in (STUDY_TAG, ARM_TAG, START_TAG)))
IN_TURN = "basic"


def run_sweep_job(composed: DictConfig) -> float | None:
    """Runs the job Hydra has just started, logs what became of it, and returns its val accuracy where it has one."""
    from emotion_tl.sweeps.job import Job, run_job

    configure_logging(None)
    job_config = HydraConfig.get()
    overrides = without_place(job_config.overrides.task)
    tracking = to_typed(TrackingConfig, composed.tracking)
    output_dir = Path(job_config.runtime.output_dir).absolute()
    job = Job(int(job_config.job.num), overrides, output_dir, tracking, str(composed.data.name))
    # Bars and tables of jobs that run at once would be mixed up.
    in_turn = job_config.runtime.choices["hydra/launcher"] == IN_TURN
    print_job(job, in_turn)
    terminal = None if in_turn else output_dir / "terminal.log"
    outcome = run_job(
        job,
        lambda: to_typed(ExperimentConfig, composed),
        lambda config, folder: call_in_own_process(run_and_tell, config, folder, terminal=terminal),
    )
    log_outcome(outcome, tracking)
    return outcome.val_accuracy


def print_job(job: "Job", in_turn: bool) -> None:
    """Tells which job starts and, in a study, how far that is."""
    from emotion_tl.studies.plan import own_overrides
    from emotion_tl.studies.progress import describe_progress, read_progress

    title, text = f"Job {job.number}", " ".join(job.overrides)
    tags = job.tracking.tags
    parent = job.tracking.parent_run_id if STUDY_TAG in tags else None
    progress = parent and read_progress(job.tracking, parent, tags[START_TAG], outcomes_folder(tags[START_TAG]))
    if progress:
        planned = progress.jobs[job.number]
        title = f"{title}: {planned.label}"
        text = "\n".join([describe_progress(progress, in_turn), " ".join(own_overrides(planned, progress.jobs))])
    print_heading(title, text)


def log_outcome(outcome: "JobOutcome", tracking: TrackingConfig) -> None:
    """Tells what became of a job, and leaves it among the artifacts of the sweep's MLflow run."""
    from emotion_tl.tracking.parent_run import log_record
    from emotion_tl.tracking.store import open_store

    if tracking.parent_run_id is not None:
        open_store(tracking)
        folder = outcomes_folder(tracking.tags[START_TAG])
        log_record(tracking.parent_run_id, asdict(outcome), f"{folder}/{outcome.number:05d}.json")
    if outcome.has_failed:
        print_error(f"Job {outcome.number}: {outcome.reason}")
    else:
        accuracy = 100 * (outcome.val_accuracy or 0)
        console.print(f"Job {outcome.number} {outcome.status}: val accuracy {accuracy:.1f} %")


def outcomes_folder(start: str) -> str:
    """Returns the folder of a start's outcomes among the artifacts of the parent: its own, as job numbers repeat."""
    return f"jobs/{start}"


def without_place(overrides: Iterable[str]) -> list[str]:
    """Returns the overrides without those that say where the job belongs, which the user has not given."""
    return [text for text in overrides if not text.startswith(PLACE_OVERRIDES)]
