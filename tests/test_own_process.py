"""Functions that are called in a process of their own."""

import os
import signal
import sys
import time
from multiprocessing import get_context

import pytest

from emotion_tl.errors import ConfigurationError, DeviceMemoryError, JobFailedError
from emotion_tl.own_process import call_in_own_process, death_of, end_processes
from emotion_tl.signals import ENDING_SIGNALS


def add(first: int, second: int) -> tuple[int, int]:
    print("adding")
    print("to standard error", file=sys.stderr)
    return first + second, os.getpid()


def refuse() -> None:
    raise ConfigurationError("expected something else")


def divide_by_zero() -> float:
    return 1 / 0


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave() -> None:
    os._exit(3)


def test_result_comes_back_and_what_was_printed_goes_to_a_file(tmp_path):
    terminal = tmp_path / "new" / "terminal.log"
    total, pid = call_in_own_process(add, 1, 2, terminal=terminal)
    assert total == 3
    assert pid != os.getpid()
    assert set(terminal.read_text().splitlines()) >= {"adding", "to standard error"}


def test_mistake_of_the_user_comes_back_as_its_message():
    with pytest.raises(JobFailedError, match=r"^expected something else$"):
        call_in_own_process(refuse)


def test_error_in_the_program_comes_back_with_its_kind(tmp_path):
    terminal = tmp_path / "terminal.log"
    with pytest.raises(JobFailedError, match=r"^ZeroDivisionError: division by zero$"):
        call_in_own_process(divide_by_zero, terminal=terminal)
    assert "Traceback" in terminal.read_text()


def test_killed_process_is_told_as_a_lack_of_memory():
    with pytest.raises(DeviceMemoryError, match="memory"):
        call_in_own_process(be_killed)


def test_process_that_ends_itself_is_told_with_its_exit_code():
    with pytest.raises(JobFailedError, match="exit code 3"):
        call_in_own_process(leave)


def test_dead_process_is_told_where_the_system_has_no_sigkill(monkeypatch):
    """As Windows, where a process that was ended has the exit code that it was ended with."""
    monkeypatch.delattr(signal, "SIGKILL")
    process = get_context("spawn").Process(target=leave)
    process.start()
    process.join()
    assert "exit code 3" in str(death_of(process))


def refuse_to_end(sender) -> None:
    for number in ENDING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    sender.send("deaf")
    time.sleep(600)


def test_process_that_does_not_end_when_told_to_is_killed(monkeypatch):
    monkeypatch.setattr("emotion_tl.own_process.CLOSING_SECONDS", 0.2)
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=refuse_to_end, args=(sender,))
    process.start()
    assert receiver.recv() == "deaf"
    end_processes([process])
    process.join()
    assert process.exitcode == -signal.SIGKILL
