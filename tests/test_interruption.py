"""Runs that are ended from outside: what was computed stays, and MLflow knows how the run ended."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from tests.runs import BASELINE, CHECKOUT, children_of, start_emotion_tl, tiny_overrides, write_faces

pytestmark = pytest.mark.fault

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


def start(folder: Path, *arguments: str, epochs: int = 100_000) -> subprocess.Popen[str]:
    """Starts a run, by default of so many epochs that it cannot end by itself."""
    overrides = [*tiny_overrides(folder / "faces", folder), *BASELINE, f"schedule.phases.from_scratch.epochs={epochs}"]
    overrides.append("schedule.phases.from_scratch.early_stopping_patience=null")
    return start_emotion_tl(folder, *arguments, *overrides)


def wait_for_an_epoch(folder: Path) -> Path:
    """Waits until the first epoch is in history.csv and returns the run's folder."""
    wait_for(lambda: any((folder / "outputs").rglob("history.csv")))
    return next((folder / "outputs").rglob("history.csv")).parent


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("what the test waits for did not happen in time")
        time.sleep(0.2)


def only_run(folder: Path):
    """Returns the only run but that of a sweep, whose jobs have ended when it does."""
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    runs = mlflow.search_runs(search_all_experiments=True, output_format="list")
    assert {run.info.status for run in runs} == {"KILLED"}
    (run,) = (run for run in runs if "parent_key" not in run.data.tags)
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


@pytest.mark.parametrize("arguments", [[], ["-m"]], ids=["run", "sweep"])
def test_pulled_plug_costs_no_more_than_the_last_epochs(folder, arguments):
    process = start(folder, *arguments)
    wait_for(lambda: any(folder.rglob("state.json")))
    (state,) = folder.rglob("state.json")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE_SECONDS)
    num_kept = len(json.loads(state.read_text())["content"]["rows"])
    before = pd.read_csv(state.parent.parent / "history.csv")
    again = start(folder, *arguments)
    wait_for(lambda: len(list((folder / "outputs").rglob("history.csv"))) == 2)
    (history,) = set((folder / "outputs").rglob("history.csv")) - {state.parent.parent / "history.csv"}
    wait_for(lambda: len(pd.read_csv(history)) > num_kept)
    again.send_signal(signal.SIGINT)
    _, told = again.communicate(timeout=PATIENCE_SECONDS)
    assert again.returncode == 130
    assert f"going on after epoch {num_kept}, phase from_scratch" in " ".join(told.split())
    pd.testing.assert_frame_equal(pd.read_csv(history)[:num_kept], before[:num_kept], check_exact=False)


def test_pulled_plug_in_a_sweep_costs_the_job_it_was_in(folder):
    seeds = "seed=0,1"
    process = start(folder, "-m", seeds, epochs=60)
    wait_for(lambda: len(list((folder / "outputs").rglob("history.csv"))) == 2)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE_SECONDS)
    again = start(folder, "-m", seeds, epochs=60)
    told, _ = again.communicate(timeout=PATIENCE_SECONDS)
    assert again.returncode == 0
    assert "1 finished before, 1 finished" in told
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    runs = mlflow.search_runs(search_all_experiments=True, output_format="list")
    assert sorted(run.info.status for run in runs) == ["FINISHED", "FINISHED", "FINISHED", "KILLED"]


def test_job_ends_with_the_sweep_that_waited_for_it(folder):
    process = start(folder, "-m")
    wait_for_an_epoch(folder)
    process.kill()
    process.communicate(timeout=PATIENCE_SECONDS)
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    (job,) = mlflow.search_runs(search_all_experiments=True, filter_string="tags.backbone != ''", output_format="list")
    wait_for(lambda: mlflow.get_run(job.info.run_id).info.status == "KILLED")


def test_lost_job_is_a_failed_one_and_does_not_stop_the_others(folder):
    process = start(folder, "-m", "hydra/launcher=joblib", "seed=0,1", epochs=400)
    wait_for(lambda: len(list((folder / "outputs").rglob("history.csv"))) == 2)
    os.kill(children_of(process.pid)[0], signal.SIGKILL)
    told, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1, errors
    assert "1 finished, 1 failed" in told
    assert "The job was lost." in told
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    runs = mlflow.search_runs(search_all_experiments=True, output_format="list")
    # The sweep, the job that went on, and the run of the lost one, which closed itself.
    assert sorted(run.info.status for run in runs) == ["FAILED", "FINISHED", "KILLED"]


def test_pulled_plug_leaves_history_weights_and_a_usable_cache(folder):
    process = start(folder)
    run_folder = wait_for_an_epoch(folder)
    process.kill()
    process.communicate(timeout=PATIENCE_SECONDS)
    assert len(pd.read_csv(run_folder / "history.csv")) >= 1
    assert (run_folder / "best.weights.h5").stat().st_size > 0
    overrides = [*tiny_overrides(folder / "faces", folder), *BASELINE, "schedule.phases.from_scratch.epochs=1"]
    command = [sys.executable, "-m", "emotion_tl", *overrides]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    again = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert "Packing" not in again.stderr
