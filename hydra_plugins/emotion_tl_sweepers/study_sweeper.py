"""Makes the jobs of a study and hands them over to whatever launcher is chosen."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from emotion_tl.cli.study import make_jobs_of_train, start_study
from emotion_tl.console import print_error
from emotion_tl.errors import EmotionTLError


class StudySweeper(Sweeper):
    """Runs the arms of a study.

    Hydra's own sweeper multiplies values of keys; arms differ in several keys at once, each in its own.
    """

    def __init__(self, max_batch_size: int | None) -> None:
        """Takes how many jobs the launcher gets at once; None gives it all."""
        self.max_batch_size = max_batch_size

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Takes what Hydra knows before the first job."""
        make_jobs_of_train(config)
        self.config = config
        self.hydra_context = hydra_context
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Runs the jobs, and returns what they returned, a list for each batch."""
        assert self.config is not None
        assert self.hydra_context is not None
        try:
            jobs = start_study(self.config, arguments, self.hydra_context.config_loader)
        except EmotionTLError as error:
            print_error(str(error))
            sys.exit(1)
        if jobs:
            folder = Path(self.config.hydra.sweep.dir)
            folder.mkdir(parents=True, exist_ok=True)
            OmegaConf.save(self.config, folder / "multirun.yaml")
        size = self.max_batch_size or len(jobs) or 1
        return [self.launch(jobs[start : start + size], start) for start in range(0, len(jobs), size)]

    def launch(self, jobs: Sequence[Sequence[str]], first: int) -> Sequence[JobReturn]:
        """Runs a batch of jobs, the first of which has this number."""
        assert self.launcher is not None
        returns = self.launcher.launch(jobs, initial_job_idx=first)
        for job in returns:
            # Raises what the job has raised.
            _ = job.return_value
        return returns
