"""Several processes want the same array: one computes it, the others wait, and one of them takes over when it dies."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from emotion_tl.caching.locking import locked
from tests.caching.arrays import NUM_ROWS, ROWS_AT_ONCE, STARTS, Computation, expected_rows, make_cache, make_recipe

REPOSITORY = Path(__file__).parents[2]
TIMEOUT = 60


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log.txt"


@contextmanager
def start_worker(cache: Path, log: Path, num_rows: int = NUM_ROWS, seconds: float = 0.0) -> Iterator[subprocess.Popen]:
    """Starts a process that gets the array; kills it at the end if it still runs."""
    command = [sys.executable, "-m", "tests.caching.worker", str(cache), str(log), str(num_rows), str(seconds)]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        try:
            yield process
        finally:
            process.kill()


def read_log(log: Path) -> list[tuple[int, int]]:
    """Returns process and start of each chunk that was computed."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [(int(process), int(start)) for process, start in map(str.split, lines)]


def wait_for_chunks(log: Path, num_chunks: int) -> None:
    """Returns once so many chunks were begun."""
    end = time.monotonic() + TIMEOUT
    while len(read_log(log)) < num_chunks:
        assert time.monotonic() < end, "The worker does not compute."
        time.sleep(0.01)


def test_one_of_several_waiting_processes_computes(tmp_path, log):
    with (
        start_worker(tmp_path, log) as first,
        start_worker(tmp_path, log) as second,
        start_worker(tmp_path, log) as third,
    ):
        workers = (first, second, third)
        with locked(tmp_path, make_recipe().key):
            assert [worker.stdout.readline() for worker in workers] == ["waiting\n"] * 3
            assert not read_log(log)
        assert [worker.communicate(timeout=TIMEOUT) for worker in workers] == [("done\n", "")] * 3
    chunks = read_log(log)
    assert [start for _, start in chunks] == STARTS
    assert len({process for process, _ in chunks}) == 1


def test_ctrl_c_ends_the_wait(tmp_path, log):
    with locked(tmp_path, make_recipe().key), start_worker(tmp_path, log) as worker:
        assert worker.stdout.readline() == "waiting\n"
        worker.send_signal(signal.SIGINT)
        _, errors = worker.communicate(timeout=TIMEOUT)
    assert "KeyboardInterrupt" in errors
    assert not read_log(log)


@pytest.mark.fault
def test_a_waiting_process_takes_over_from_a_killed_one(tmp_path, log):
    num_rows = 100 * ROWS_AT_ONCE
    with start_worker(tmp_path, log, num_rows, seconds=0.1) as owner:
        wait_for_chunks(log, 5)
        with start_worker(tmp_path, log, num_rows) as waiting:
            assert waiting.stdout.readline() == "waiting\n"
            owner.kill()
            assert waiting.communicate(timeout=TIMEOUT) == ("done\n", "")
    chunks = read_log(log)
    of_owner = [start for process, start in chunks if process == owner.pid]
    of_waiting = [start for process, start in chunks if process == waiting.pid]
    assert len(of_owner) >= 5
    # The chunk in which the owner died is computed again, or had just been recorded.
    assert of_waiting[0] in (of_owner[-1], of_owner[-1] + ROWS_AT_ONCE)
    assert of_waiting == list(range(of_waiting[0], num_rows, ROWS_AT_ONCE))


@pytest.mark.fault
def test_processes_killed_at_any_moment_leave_nothing_wrong(tmp_path, log):
    num_rows = 400 * ROWS_AT_ONCE
    moments = random.Random(0)
    for num_begun in (1, 50, 120, 190, 260, 330):
        with start_worker(tmp_path, log, num_rows, seconds=0.001) as worker:
            before = len(read_log(log))
            wait_for_chunks(log, max(num_begun, before + 1))
            time.sleep(moments.uniform(0, 0.02))
            worker.kill()
    computation = Computation()
    rows = make_cache(tmp_path).get_or_compute(make_recipe(num_rows=num_rows), computation, ROWS_AT_ONCE)
    np.testing.assert_array_equal(rows, expected_rows(num_rows))
    # Each kill costs the chunk it fell into at most, twice where it fell between the writing and the record.
    assert len(read_log(log)) + len(computation.starts) <= 400 + 6
    assert computation.starts[0] > 0
