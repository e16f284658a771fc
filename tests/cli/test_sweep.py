"""How a sweep ends where MLflow cannot be told of it."""

from dataclasses import asdict

import mlflow
import pytest
from mlflow.exceptions import MlflowException

from emotion_tl.cli.sweep import OpenSweep, begin_sweep, finish_sweep
from emotion_tl.cli.sweep_job import outcomes_folder
from emotion_tl.config import TrackingConfig
from emotion_tl.sweeps.outcome import FINISHED, JobOutcome
from emotion_tl.tracking.parent_run import log_record, open_parent_run


@pytest.fixture
def run_id(tmp_path):
    """Returns the run of a sweep whose one job has finished."""
    run_id = open_parent_run(TrackingConfig(uri=f"sqlite:///{tmp_path / 'mlflow.db'}"), "faces", "sweep", "key")
    log_record(run_id, asdict(JobOutcome(0, [], FINISHED, "run")), f"{outcomes_folder('start')}/00000.json")
    return run_id


def refuse(*_, **__):
    raise MlflowException("database or disk is full")


def test_interrupted_report_ends_the_sweep_as_interrupted_whatever_mlflow_says(run_id, monkeypatch):
    def report(*_):
        monkeypatch.setattr("mlflow.MlflowClient.log_batch", refuse)
        monkeypatch.setattr("mlflow.MlflowClient.set_terminated", refuse)
        raise KeyboardInterrupt

    begin_sweep(OpenSweep(run_id, "start", report))
    with pytest.raises(KeyboardInterrupt):
        finish_sweep()


def test_sweep_whose_figures_find_no_room_is_closed(run_id, monkeypatch, capsys):
    monkeypatch.setattr("mlflow.MlflowClient.log_batch", refuse)
    begin_sweep(OpenSweep(run_id, "start", lambda *_: None))
    assert finish_sweep()
    assert "disk is full" in capsys.readouterr().err
    assert mlflow.get_run(run_id).info.status == "FINISHED"
