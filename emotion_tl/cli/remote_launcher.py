"""What the launchers of `hydra_plugins` have in common, which run the jobs of a sweep elsewhere.

Hydra's own plugins give a sweep up when one of its jobs is lost, and when they are interrupted they kill the jobs or
leave them running.
"""

import os
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, run_job, setup_globals
from hydra.errors import CompactHydraException
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from emotion_tl.console import print_error
from emotion_tl.errors import reason_of


@dataclass(frozen=True)
class LostJob:
    """A job whose process or machine was lost, and which could not say so itself.

    Attributes:
        number: its place in the sweep, from 0.
        overrides: of the command line, with its values.
        reason: what is known of its end.
    """

    number: int
    overrides: list[str]
    reason: str


# Of the sweep that this process has started.
lost_jobs: list[LostJob] = []


@dataclass
class Job:
    """A job of a sweep as it is sent to where it runs.

    Attributes:
        config: composed, with Hydra's own part.
        folder: working directory of the sweep, from which relative paths count.
    """

    config: DictConfig
    hydra_context: HydraContext
    task_function: TaskFunction
    singletons: dict[Any, Any]
    folder: str

    @property
    def number(self) -> int:
        """Returns its place in the sweep, from 0."""
        return int(self.config.hydra.job.num)


def run_remote_job(job: Job) -> JobReturn:
    """Runs a job in this process."""
    # A machine that shares no disk with the one that started the sweep has its own place for results.
    if Path(job.folder).is_dir():
        os.chdir(job.folder)
    setup_globals()
    Singleton.set_state(job.singletons)
    HydraConfig.instance().set_config(job.config)
    return run_job(
        hydra_context=job.hydra_context,
        task_function=job.task_function,
        config=job.config,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
    )


class RemoteLauncher(Launcher):
    """Runs jobs elsewhere: one that is lost does not stop the others, and an interruption ends them all."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Takes what Hydra knows before the first job."""
        self.hydra_context = hydra_context
        self.task_function = task_function
        self.config = config

    @abstractmethod
    def start(self, jobs: list[Job]) -> Iterable[Any]:
        """Starts the jobs and returns a handle of each, in their order."""

    @abstractmethod
    def wait_for(self, handle: Any) -> JobReturn:
        """Waits for a job; any error means that it is lost."""

    @abstractmethod
    def cancel(self) -> None:
        """Ends the jobs that still run, and waits until they have closed their runs."""

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Runs a batch of jobs and returns what they returned, None for those that were lost.

        Raises:
            CompactHydraException: where no job can be started: a wrong setting, or no such cluster.
        """
        jobs = [self.make_job(overrides, initial_job_idx + index) for index, overrides in enumerate(job_overrides)]
        try:
            return [self.finish(job, handle) for job, handle in zip(jobs, self.try_start(jobs), strict=True)]
        except KeyboardInterrupt:
            self.cancel()
            raise

    def try_start(self, jobs: list[Job]) -> Iterable[Any]:
        """Starts the jobs, and turns whatever a library says against it into one message."""
        try:
            return self.start(jobs)
        except Exception as error:
            name = self.config.hydra.runtime.choices["hydra/launcher"]
            raise CompactHydraException(f"hydra/launcher={name}: {error}") from error

    def make_job(self, overrides: Sequence[str], number: int) -> Job:
        """Composes a job here: where it runs there may be no `conf/`."""
        config = self.hydra_context.config_loader.load_sweep_config(self.config, list(overrides))
        with open_dict(config):
            config.hydra.job.id = f"{config.hydra.job.name}_{number}"
            config.hydra.job.num = number
        return Job(config, self.hydra_context, self.task_function, Singleton.get_state(), str(Path.cwd()))

    def finish(self, job: Job, handle: Any) -> JobReturn:
        """Returns what a job returned, or tells that it is lost."""
        try:
            return self.wait_for(handle)
        except Exception as error:
            reason = reason_of(error).splitlines()[0]
            overrides = list(job.config.hydra.overrides.task)
            lost_jobs.append(LostJob(job.number, overrides, reason))
            print_error(f"Job {job.number} was lost. {reason}")
        return JobReturn(overrides=overrides, status=JobStatus.COMPLETED)
