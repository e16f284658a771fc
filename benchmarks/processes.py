"""Runs programs in processes of their own and measures them from outside: time, memory, and when each line came.

The measuring process has to be small itself: Linux starts a child's peak memory at the memory of its parent.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
NUM_LINES_TOLD = 30
# `ru_maxrss` counts bytes on macOS and kibibytes elsewhere.
MAXRSS_PER_MIB = 2**20 if sys.platform == "darwin" else 2**10


@dataclass(frozen=True)
class ProgramRun:
    """What was seen of a program that has ended.

    Attributes:
        wall_seconds: from just before its process was started until it ended.
        cpu_seconds: of all its threads and the processes it waited for.
        peak_memory_mib: largest resident memory of one process; pages of mapped files count while they are resident.
        exit_code: 0 where all went well.
        lines: what it printed, standard output and error together, each line with the seconds since the start.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_memory_mib: float
    exit_code: int
    lines: list[tuple[float, str]]

    def measures(self) -> dict[str, float]:
        """Returns time and memory as they stand in a result."""
        return {
            "wall_seconds": self.wall_seconds,
            "cpu_seconds": self.cpu_seconds,
            "peak_memory_mib": self.peak_memory_mib,
        }


class ProgramFailedError(Exception):
    """A measured program ended with another exit code than expected; the message holds its last lines."""


class WatchedProgram:
    """A program that runs; a thread reads its lines as they come."""

    def __init__(self, command: Sequence[str], folder: Path):
        """Starts it in `folder`; it can import the package and the benchmarks from this checkout."""
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")])),
            "PYTHONUNBUFFERED": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        self.command = command
        self.run: ProgramRun | None = None
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.watcher = threading.Thread(target=self.watch)
        self.watcher.start()

    def watch(self) -> None:
        """Reads until the program ends."""
        assert self.process.stdout is not None
        with self.process.stdout as output:
            lines = [(time.perf_counter() - self.started, line.rstrip()) for line in output]
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.run = ProgramRun(
            wall_seconds=time.perf_counter() - self.started,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_memory_mib=usage.ru_maxrss / MAXRSS_PER_MIB,
            exit_code=self.process.returncode,
            lines=lines,
        )

    def wait(self, expected_exit_code: int) -> ProgramRun:
        """Waits for its end.

        Raises:
            ProgramFailedError: where it ends with another exit code.
        """
        self.watcher.join()
        assert self.run is not None
        if self.run.exit_code != expected_exit_code:
            last = "\n".join(line for _, line in self.run.lines[-NUM_LINES_TOLD:])
            raise ProgramFailedError(
                f"Expected exit code {expected_exit_code}, received {self.run.exit_code}, of\n"
                f"  {' '.join(self.command)}\nIt ended with\n{last}"
            )
        return self.run

    def kill(self) -> None:
        """Ends it now."""
        self.process.kill()
        self.watcher.join()


def as_flags(options: Mapping[str, object]) -> list[str]:
    """Returns options as a command line takes them."""
    return [text for name, value in options.items() for text in (f"--{name}", str(value))]


def run_together(commands: Sequence[Sequence[str]], folder: Path, expected_exit_code: int = 0) -> list[ProgramRun]:
    """Starts programs at the same time and waits for all of them; none outlives an error or an interruption.

    Raises:
        ProgramFailedError: where one ends with another exit code than expected.
    """
    programs: list[WatchedProgram] = []
    try:
        for command in commands:
            programs.append(WatchedProgram(command, folder))  # noqa: PERF401, each is known before the next starts
        return [program.wait(expected_exit_code) for program in programs]
    except BaseException:
        for program in programs:
            program.kill()
        raise


def run_program(command: Sequence[str], folder: Path, expected_exit_code: int = 0) -> ProgramRun:
    """Runs one program to its end; see `run_together`."""
    return run_together([command], folder, expected_exit_code)[0]


def end_on_sigterm() -> None:
    """Turns SIGTERM into an exception, so that the measured programs end with the benchmark."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
