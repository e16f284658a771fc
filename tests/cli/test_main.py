"""How a command ends: what is told, the exit code, and what MLflow knows of its sweep."""

import errno
from dataclasses import asdict

import mlflow
import pytest

from emotion_tl.cli.main import run
from emotion_tl.cli.sweep import OpenSweep, begin_sweep
from emotion_tl.cli.sweep_job import outcomes_folder
from emotion_tl.config import TrackingConfig
from emotion_tl.sweeps.outcome import FAILED, FINISHED, JobOutcome
from emotion_tl.tracking.parent_run import log_record, open_parent_run

START = "start"


@pytest.fixture
def run_id(tmp_path):
    return open_parent_run(TrackingConfig(uri=f"sqlite:///{tmp_path / 'mlflow.db'}"), "faces", "sweep", "key")


def leave_outcome(run_id: str, status: str) -> None:
    """Leaves what became of a job as the job does."""
    outcome = JobOutcome(0, ["seed=0"], status, val_accuracy=0.5 if status == FINISHED else None)
    log_record(run_id, asdict(outcome), f"{outcomes_folder(START)}/00000.json")


def run_sweep(run_id, report=lambda *_: None, after=lambda: None) -> int:
    """Returns the exit code of a command whose sweep has one job."""

    def task():
        begin_sweep(OpenSweep(run_id, START, report))
        after()

    try:
        run(task, "study", [])
    except SystemExit as ended:
        return ended.code
    return 0


def raising(error):
    def raise_error(*_, **__):
        raise error

    return raise_error


@pytest.mark.parametrize(("status", "code", "known"), [(FINISHED, 0, "FINISHED"), (FAILED, 1, "FAILED")])
def test_sweep_ends_as_its_jobs_have(run_id, status, code, known):
    leave_outcome(run_id, status)
    assert run_sweep(run_id) == code
    ended = mlflow.get_run(run_id)
    assert ended.info.status == known
    assert ended.data.metrics == {"num_jobs": 1, "num_failed_jobs": code, **({} if code else {"val_accuracy": 0.5})}


def test_interrupted_comparison_is_no_finished_sweep_and_is_not_begun_again(run_id, capsys):
    def report(*_):
        told.append("told")
        raise KeyboardInterrupt

    told: list[str] = []
    leave_outcome(run_id, FINISHED)
    assert run_sweep(run_id, report) == 130
    assert told == ["told"]
    assert mlflow.get_run(run_id).info.status == "KILLED"
    assert "Interrupted." in capsys.readouterr().err


def test_outcomes_that_cannot_be_read_are_a_failure(run_id, capsys, monkeypatch):
    leave_outcome(run_id, FINISHED)
    monkeypatch.setattr("mlflow.artifacts.download_artifacts", raising(OSError(errno.EIO, "Input/output error")))
    assert run_sweep(run_id) == 1
    assert mlflow.get_run(run_id).info.status == "FAILED"
    assert "Input/output error" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["report", "after"])
def test_full_disk_is_told_and_closes_the_sweep(run_id, capsys, place):
    leave_outcome(run_id, FINISHED)
    full = raising(OSError(errno.ENOSPC, "No space left on device", "outputs/jobs.csv"))
    assert run_sweep(run_id, **{place: full}) == 1
    assert mlflow.get_run(run_id).info.status == ("FAILED" if place == "report" else "KILLED")
    assert "error: outputs/jobs.csv: No space left on device. Make room" in " ".join(capsys.readouterr().err.split())


def test_mistake_of_ours_is_not_hidden(run_id):
    with pytest.raises(ZeroDivisionError):
        run_sweep(run_id, after=lambda: 1 / 0)
    assert mlflow.get_run(run_id).info.status == "KILLED"
