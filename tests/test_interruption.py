"""Runs that are ended from outside: what was computed stays, and MLflow knows how the run ended."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from tests.runs import BASELINE, tiny_overrides, write_faces

pytestmark = pytest.mark.fault

REPOSITORY = Path(__file__).parent.parent
PATIENCE_SECONDS = 180


@pytest.fixture
def folder(tmp_path):
    write_faces(tmp_path / "faces")
    return tmp_path


def test_ctrl_c_in_a_terminal_reaches_a_sweep_and_its_job(folder):
    process = start(folder, "-m")
    wait_for_an_epoch(folder)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130, told
    assert only_run(folder).info.status == "KILLED"


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Starts a run of so many epochs that it cannot end by itself."""
    overrides = [*tiny_overrides(folder / "faces", folder), *BASELINE, "schedule.phases.from_scratch.epochs=100000"]
    overrides.append("schedule.phases.from_scratch.early_stopping_patience=null")
    command = [sys.executable, "-m", "emotion_tl", *arguments, *overrides]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_an_epoch(folder: Path) -> Path:
    """Waits until the first epoch is in history.csv and returns the run's folder."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := list(folder.rglob("history.csv")):
            return found[0].parent
        time.sleep(0.2)
    raise TimeoutError("no epoch ended in time")


def only_run(folder: Path):
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    (run,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
    return run


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("arguments", [[], ["-m"]], ids=["run", "sweep"])
def test_interrupted_run_is_closed_as_killed(folder, ended_by, arguments):
    process = start(folder, *arguments)
    run_folder = wait_for_an_epoch(folder)
    process.send_signal(ended_by)
    _, told = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130, told
    assert "Interrupted" in told
    assert "Traceback" not in told
    assert only_run(folder).info.status == "KILLED"
    assert len(pd.read_csv(run_folder / "history.csv")) >= 1
    assert json.loads((run_folder / "best.json").read_text())["epoch"] >= 1


def test_pulled_plug_leaves_history_weights_and_a_usable_cache(folder):
    process = start(folder)
    run_folder = wait_for_an_epoch(folder)
    process.kill()
    process.communicate(timeout=PATIENCE_SECONDS)
    assert len(pd.read_csv(run_folder / "history.csv")) >= 1
    assert (run_folder / "best.weights.h5").stat().st_size > 0
    overrides = [*tiny_overrides(folder / "faces", folder), *BASELINE, "schedule.phases.from_scratch.epochs=1"]
    command = [sys.executable, "-m", "emotion_tl", *overrides]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    again = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert "Packing" not in again.stderr
