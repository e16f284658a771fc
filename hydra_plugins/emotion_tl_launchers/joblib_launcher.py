"""Runs several jobs of a sweep at once on this machine."""

import sys
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import cloudpickle
from hydra.core.utils import JobReturn

from emotion_tl.cli.remote_launcher import Job, RemoteLauncher, run_remote_job
from emotion_tl.errors import JobFailedError
from emotion_tl.own_process import EXIT_INTERRUPTED, end_processes
from emotion_tl.signals import end_on_signals, end_with_parent


class JoblibLauncher(RemoteLauncher):
    """Starts a process for each job, as many at once as `joblib.Parallel` has threads to wait for them.

    Hydra's own plugin runs jobs in joblib's processes. When it is interrupted, or one of them dies, joblib kills all of
    them with what they have started, and their runs stay open.
    """

    def __init__(self, **settings: Any) -> None:
        """Takes arguments of `joblib.Parallel`."""
        self.settings = settings
        self.running: set[BaseProcess] = set()
        self.is_cancelled = False

    def start(self, jobs: list[Job]) -> Iterator[JobReturn | Exception]:
        """Starts the first jobs."""
        from joblib import Parallel, delayed

        parallel = Parallel(**self.settings, backend="threading", batch_size=1, return_as="generator")
        return parallel(delayed(self.run)(job) for job in jobs)

    def run(self, job: Job) -> JobReturn | Exception:
        """Returns what a job returned, or why it is lost: an exception would end the others too."""
        receiver, sender = get_context("spawn").Pipe(duplex=False)
        process = get_context("spawn").Process(target=send_result, args=(sender, cloudpickle.dumps(job)))
        process.start()
        sender.close()
        self.running.add(process)
        # joblib starts the next job when one has ended, also when it was told to.
        if self.is_cancelled:
            process.terminate()
        try:
            return cloudpickle.loads(receiver.recv_bytes())
        except EOFError:
            process.join()
            return JobFailedError(f"Its process ended without a word, with exit code {process.exitcode}.")
        finally:
            self.running.discard(process)

    def wait_for(self, handle: JobReturn | Exception) -> JobReturn:
        """Returns what a job returned."""
        if isinstance(handle, Exception):
            raise handle
        return handle

    def cancel(self) -> None:
        """Ends the jobs that run."""
        self.is_cancelled = True
        end_processes(list(self.running))


def send_result(sender: Connection, pickled_job: bytes) -> None:
    """Runs a job in this process and sends what it returns."""
    end_on_signals()
    end_with_parent()
    try:
        result = run_remote_job(cloudpickle.loads(pickled_job))
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    sender.send_bytes(cloudpickle.dumps(result))
