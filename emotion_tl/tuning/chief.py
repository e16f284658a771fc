"""The chief of a search: KerasTuner's oracle behind a port of this machine, and the workers that ask it for trials."""

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread

from emotion_tl.errors import JobFailedError
from emotion_tl.own_process import end_processes
from emotion_tl.tuning.failed_trial import note_failure
from emotion_tl.tuning.gpus import share_gpus, visible_gpus
from emotion_tl.tuning.kept_models import delete_other_models
from emotion_tl.tuning.trial_tuner import TrialTuner
from emotion_tl.tuning.worker import ADDRESS, Assignment, take_part, work
from emotion_tl.tuning_config import TuneConfig

CHIEF = "chief"
POLL_SECONDS = 0.5
# A worker that dies this often without ending a trial in between will not get any further.
MOST_DEATHS = 3


class Chief:
    """Hands trials to workers and keeps what they came to.

    Attributes:
        oracle: KerasTuner's.
    """

    def __init__(self, assignment: Assignment):
        """Takes up the search where its files leave it, and begins to answer."""
        self.assignment = assignment
        take_part(CHIEF, assignment.port)
        self.tuner = TrialTuner(assignment)
        self.oracle = self.tuner.oracle
        self.oracle.verbose = 0
        self.workers: dict[str, BaseProcess] = {}
        self.reasons = get_context("spawn").SimpleQueue()
        self.num_deaths = 0
        self.gpus = {f"worker{number}": gpu for number, gpu in enumerate(gpus_of_workers(assignment.config))}
        # It answers until this process ends: KerasTuner's own end of it takes up to 20 seconds.
        Thread(target=self.tuner.search, kwargs={"verbose": 0}, daemon=True).start()

    def watch(self, on_change: Callable[["Chief"], None]) -> None:
        """Waits until the workers have run all trials.

        Args:
            on_change: called several times a second.

        Raises:
            JobFailedError: where a worker can run no trial, with its reason, or workers keep dying.
        """
        # KerasTuner prints what it compares (1.4.8, engine/conditions.py). Ours goes to standard error.
        with (
            Path(os.devnull).open("w", encoding="utf-8") as nowhere,
            contextlib.redirect_stdout(nowhere),
            self.started_workers(),
        ):
            num_ended = -1
            while self.workers:
                for name, process in list(self.workers.items()):
                    if not process.is_alive():
                        self.bury(name, process)
                if len(self.oracle.end_order) > num_ended:
                    num_ended = len(self.oracle.end_order)
                    delete_other_models(self.oracle, self.assignment.folder, self.assignment.config.tune.num_best)
                on_change(self)
                time.sleep(POLL_SECONDS)

    @contextmanager
    def started_workers(self) -> Iterator[None]:
        """Starts the workers, and ends those that are left, each of which closes its run."""
        try:
            for name in self.gpus:
                self.start(name)
            yield
        finally:
            # One may have been interrupted while it was started.
            end_processes([process for process in self.workers.values() if process.pid is not None])

    def start(self, name: str) -> None:
        """Starts a worker, or starts it again."""
        arguments = (self.assignment, name, self.gpus[name], self.reasons)
        # Not a daemon: it has processes of its own.
        self.workers[name] = get_context("spawn").Process(target=work, args=arguments, name=name)
        self.workers[name].start()

    def bury(self, name: str, process: BaseProcess) -> None:
        """Lets a worker go that has ended; one that died leaves a failed trial and is replaced.

        Raises:
            JobFailedError: where that has happened too often, or a worker told that it can run no trial.
        """
        del self.workers[name]
        if not self.reasons.empty():
            raise JobFailedError(self.reasons.get())
        if process.exitcode == 0:
            return
        trial = self.oracle.ongoing_trials.get(name)
        self.num_deaths = self.num_deaths + 1 if trial is None else 1
        if self.num_deaths == MOST_DEATHS:
            log = self.assignment.folder.worker_log(name)
            raise JobFailedError(f"The workers of the search die before they have run a trial. {log} says why.")
        if trial is not None:
            self.give_up(trial)
        self.start(name)

    def give_up(self, trial) -> None:
        """Notes that a trial failed with the process that ran it."""
        reason = "its process ended without a word, as it does when the system runs out of memory"
        note_failure(self.assignment, trial, reason)
        trial.status, trial.message = "FAILED", reason
        self.oracle.end_trial(trial)


def gpus_of_workers(config: TuneConfig) -> list[str | None]:
    """Returns the GPU that each worker is kept to, None where it sees all, as with trainer.devices=all."""
    return share_gpus(config.tune.num_workers, visible_gpus() if config.trainer.devices == "one" else [])


def free_port() -> int:
    """Returns a port of this machine that nothing listens on."""
    with socket.socket() as listening:
        listening.bind((ADDRESS, 0))
        return listening.getsockname()[1]
