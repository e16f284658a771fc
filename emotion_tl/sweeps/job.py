"""Runs one job of a sweep, or takes what an earlier run of it left: nothing is computed twice.

Which jobs have ended is read from MLflow, so that the ledger of a sweep outlives the machine that started it and is the
same for all machines that work on it.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from emotion_tl.config import ExperimentConfig, TrackingConfig
from emotion_tl.data.dataset import load_dataset
from emotion_tl.errors import ConfigurationError, EmotionTLError, reason_of
from emotion_tl.identity import known_identities
from emotion_tl.locks import acquire
from emotion_tl.sweeps.outcome import FAILED, FAILED_BEFORE, FINISHED, REUSED, JobOutcome, outcome_of_run
from emotion_tl.tracking.failure import log_failure
from emotion_tl.tracking.running import read_run_id
from emotion_tl.tracking.runs import IDENTITY_TAG, find_same_runs, read_summary
from emotion_tl.validation import check_experiment_config

logger = logging.getLogger(__name__)

LOCKS = "jobs/locks"


@dataclass(frozen=True)
class Job:
    """One job of a sweep.

    Attributes:
        number: counted from 0.
        overrides: of the command line, with this job's values.
        output_dir: its folder.
        tracking: where it is logged.
        dataset_name: the MLflow experiment where `tracking` names none.
    """

    number: int
    overrides: list[str]
    output_dir: Path
    tracking: TrackingConfig
    dataset_name: str


def run_job(
    job: Job, compose: Callable[[], ExperimentConfig], run: Callable[[ExperimentConfig, Path], None]
) -> JobOutcome:
    """Returns what became of a job; it is run where no earlier run of the same can stand for it.

    Args:
        compose: returns its configuration.
        run: runs an experiment in a process of its own.
    """
    # A folder that is used again has the run of an earlier job in it.
    earlier_run_id = read_run_id(job.output_dir)
    identity = None
    try:
        config = compose()
        check_experiment_config(config)
        cache = Path(config.cache_dir).expanduser()
        dataset = load_dataset(config.data, cache)
        identities = known_identities(config, dataset.fingerprint)
        identity = identities[0]
        # Another sweep, or another machine on the same disk, may be at the same job.
        with locked(job, cache, identity):
            return find_outcome(job, config, identities) or run_now(job, config, run)
    except Exception as error:
        if not isinstance(error, EmotionTLError):
            logger.exception("Job %d failed.", job.number)
        return failed_outcome(job, reason_of(error), identity, earlier_run_id)


def locked(job: Job, cache: Path, identity: str) -> AbstractContextManager:
    """Returns the lock of a job, which this process holds; waits for it where the job is run elsewhere.

    Raises:
        ConfigurationError: where no lock can be had below `cache`.
    """
    path = cache / LOCKS / f"{identity}.lock"
    try:
        return acquire(path, lambda: logger.info("Job %d is run elsewhere, waiting.", job.number))
    except OSError as error:
        raise ConfigurationError(
            f"cache_dir: expected a folder in which files can be locked, so that no job is run twice. Received: {cache}"
            f" ({error}). Choose another folder with cache_dir=/path/to/folder."
        ) from error


def find_outcome(job: Job, config: ExperimentConfig, identities: Sequence[str]) -> JobOutcome | None:
    """Returns the outcome of an earlier run of the same job that sweep.rerun lets stand; None where it is to be run.

    Args:
        identities: by which the run is known.
    """
    rerun = config.sweep.rerun
    runs = find_same_runs(job.tracking, job.tracking.experiment_name or job.dataset_name, identities)
    finished = [run for run in runs if run.status == "FINISHED"]
    failed = [run for run in runs if run.status == "FAILED"]
    if finished and rerun != "all":
        return outcome_of_run(job.number, job.overrides, finished[0], REUSED)
    if failed and rerun == "none":
        return outcome_of_run(job.number, job.overrides, failed[0], FAILED_BEFORE)
    return None


def run_now(job: Job, config: ExperimentConfig, run: Callable[[ExperimentConfig, Path], None]) -> JobOutcome:
    """Runs a job and returns what it found."""
    run(config, job.output_dir)
    run_id = read_run_id(job.output_dir)
    if run_id is None:
        raise RuntimeError(f"The run left no MLflow run in {job.output_dir}.")
    return outcome_of_run(job.number, job.overrides, read_summary(job.tracking, run_id), FINISHED)


def failed_outcome(job: Job, reason: str, identity: str | None, earlier_run_id: str | None) -> JobOutcome:
    """Returns the outcome of a job that failed; where it failed too early for an MLflow run, it gets one.

    Args:
        identity: by which the run is known; None where the job failed before it was.
        earlier_run_id: the MLflow run that the job's folder belonged to before; None where there was none.
    """
    tags = {"reason": reason, "overrides": " ".join(job.overrides)}
    tags |= {} if identity is None else {IDENTITY_TAG: identity}
    name = f"job {job.number}"
    run_id = log_failure(job.tracking, job.output_dir, job.dataset_name, name, tags, earlier_run_id)
    return JobOutcome(job.number, job.overrides, FAILED, run_id, reason=reason)
