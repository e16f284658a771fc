"""Runs the jobs of a sweep through Submitit: on a Slurm cluster, or in processes of this machine."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn
from omegaconf import OmegaConf

from emotion_tl.cli.remote_launcher import Job, RemoteLauncher, run_remote_job
from emotion_tl.console import console
from emotion_tl.errors import JobFailedError
from emotion_tl.signals import CLOSING_SECONDS, end_on_signals, interrupt

# Submitit's names for what all its executors know; any other setting belongs to one of them.
SHARED = (
    "timeout_min",
    "cpus_per_task",
    "gpus_per_node",
    "tasks_per_node",
    "mem_gb",
    "nodes",
    "name",
    "stderr_to_stdout",
)


def run_submitted_job(job: Job) -> JobReturn | JobFailedError:
    """Runs a job in the process that Submitit started for it, and returns why where it was ended."""
    # Submitit ignores SIGTERM, and at the end of its time starts a job again: a sweep that is started again does that.
    end_on_signals()
    signal.signal(signal.SIGUSR2, interrupt)
    try:
        return run_remote_job(job)
    except KeyboardInterrupt:
        return JobFailedError("It was told to end, as it is shortly before hydra.launcher.timeout_min are over.")


class SubmititLauncher(RemoteLauncher):
    """Submits each job to an executor of Submitit.

    Reference: https://github.com/facebookincubator/submitit
    """

    executor_name = ""

    def __init__(self, submitit_folder: str, **settings: Any) -> None:
        """Takes the folder of the jobs' pickles and output, and settings that are left out where they are None."""
        self.folder = Path(submitit_folder).absolute()
        self.settings = {
            name: OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
            for name, value in settings.items()
            if value is not None
        }
        self.handles: list[Any] = []

    def start(self, jobs: list[Job]) -> list[Any]:
        """Submits the jobs."""
        self.handles = self.make_executor().map_array(run_submitted_job, jobs)
        for job, handle in zip(jobs, self.handles, strict=True):
            console.print(f"Job {job.number} is job {handle.job_id} of {self.executor_name}: {handle.paths.stdout}")
        return self.handles

    def make_executor(self) -> Any:
        """Returns the executor with its settings."""
        from submitit import AutoExecutor

        settings = {
            name if name in SHARED else f"{self.executor_name}_{name}": value for name, value in self.settings.items()
        }
        executor = AutoExecutor(self.folder, self.executor_name)
        executor.update_parameters(**settings)
        return executor

    def wait_for(self, handle: Any) -> JobReturn:
        """Waits for a job.

        Raises:
            JobFailedError: where it was ended, or ended without a result.
        """
        from submitit.core.utils import FailedJobError, UncompletedJobError

        try:
            result = handle.result()
        except (FailedJobError, UncompletedJobError) as error:
            # Their messages hold all of the job's output.
            raise JobFailedError(f"It left no result (state {handle.state}). See {handle.paths.stderr}") from error
        if isinstance(result, JobFailedError):
            raise result
        return result

    def cancel(self) -> None:
        """Ends the jobs that still run."""
        running = [handle for handle in self.handles if not handle.done()]
        for handle in running:
            self.end(handle)
        deadline = time.monotonic() + CLOSING_SECONDS
        while time.monotonic() < deadline and not all(handle.done() for handle in running):
            time.sleep(0.5)

    def end(self, handle: Any) -> None:
        """Tells a job to end."""
        handle.cancel(check=False)


class LocalLauncher(SubmititLauncher):
    """Runs the jobs on this machine, all at once."""

    executor_name = "local"

    def end(self, handle: Any) -> None:
        """Tells a job to end. Submitit would leave it one second to do so."""
        os.kill(int(handle.job_id), signal.SIGTERM)


class SlurmLauncher(SubmititLauncher):
    """Runs the jobs on a Slurm cluster, as an array."""

    executor_name = "slurm"
