"""Trainings that stop and go on: every setting by itself, other precisions and backends, and a killed process."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emotion_tl.training.state import TrainingState
from emotion_tl.training.stretch import Stretch
from tests.tiny import make_dataset
from tests.training import continuing
from tests.training.continuing import CASES, find_differences, train_stretch

REPOSITORY = Path(__file__).parent.parent.parent
# What `test_continuing` runs each time.
DEFAULT_CASES = ("everything on images", "two cached phases")


@pytest.fixture(scope="module", autouse=True)
def deterministic():
    with continuing.deterministic_operations():
        yield


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in CASES if case not in DEFAULT_CASES])
def test_stretches_of(case, tmp_path):
    assert continuing.compare(case, tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_stretches_in_mixed_precision(precision, dtype_policy, tmp_path):
    dtype_policy(precision)
    assert continuing.compare("moving average", tmp_path, stops=(2,)) == []


@pytest.mark.slow
@pytest.mark.parametrize("case", DEFAULT_CASES)
def test_stretches_on_jax(case, tmp_path):
    pytest.importorskip("jax")
    done = subprocess.run(command("jax", case, tmp_path), **options("jax"), timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []


def command(*arguments) -> list[str]:
    return [sys.executable, "-m", "tests.training.continuing", *map(str, arguments)]


def options(backend: str) -> dict:
    environment = {**os.environ, "KERAS_BACKEND": backend}
    return {"cwd": REPOSITORY, "env": environment, "capture_output": True, "text": True}


@pytest.mark.fault
def test_a_killed_process_goes_on_in_another(tmp_path):
    dataset = make_dataset()
    whole = train_stretch(continuing.make_endless(), dataset, tmp_path / "whole", Stretch())
    killed = tmp_path / "killed"
    process = subprocess.Popen(
        command("tensorflow", "--until-killed", killed), cwd=REPOSITORY, stdout=subprocess.DEVNULL
    )
    try:
        wait_for_epochs(killed / "history.csv", 4)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=60)
    num_kept = len(TrainingState.read(killed).rows)
    assert 3 <= num_kept < len(whole[0].history)
    again = train_stretch(continuing.make_endless(), dataset, killed, Stretch(resume_from=killed))
    assert find_differences(dataset, whole, again) == []


def wait_for_epochs(history: Path, num_epochs: int) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        if history.is_file() and len(history.read_text().splitlines()) > num_epochs:
            return
        time.sleep(0.01)
    raise TimeoutError("no epoch ended in time")
