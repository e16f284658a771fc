"""How a run ends where MLflow cannot be told."""

import sqlite3
from pathlib import Path

import mlflow
import pytest
from mlflow.exceptions import MlflowException

from emotion_tl.config import TrackingConfig
from emotion_tl.errors import ConfigurationError
from emotion_tl.tracking.run import track_run
from emotion_tl.tracking.store import open_store


@pytest.fixture
def tracking(tmp_path):
    return TrackingConfig(uri=f"sqlite:///{tmp_path / 'mlflow.db'}")


@pytest.fixture
def fill_the_disk(monkeypatch):
    """Lets MLflow's database take nothing more once it is called, and raises what it is given."""

    def refuse(*_, **__):
        raise MlflowException("database or disk is full")

    def fill(error=None):
        monkeypatch.setattr("mlflow.store.tracking.sqlalchemy_store.SqlAlchemyStore.update_run_info", refuse)
        if error is not None:
            raise error

    return fill


@pytest.mark.parametrize("error", [ValueError("the first"), KeyboardInterrupt()])
def test_why_a_run_failed_is_not_lost_to_what_mlflow_says(tracking, tmp_path, fill_the_disk, caplog, error):
    with pytest.raises(type(error)) as raised, track_run(tracking, "faces", "run", tmp_path):
        fill_the_disk(error)
    assert raised.value is error
    assert "MLflow does not know that the run is" in caplog.text
    assert mlflow.active_run() is None


def damage(database: Path) -> None:
    """Takes from a store what runs are logged to."""
    with sqlite3.connect(database) as connection:
        connection.executescript("DROP TABLE params; DROP TABLE tags; DROP TABLE metrics")


def test_store_that_takes_no_run_is_told(tracking, tmp_path):
    open_store(tracking)
    damage(tmp_path / "mlflow.db")
    with pytest.raises(ConfigurationError, match="cannot be used"), track_run(tracking, "faces", "run", tmp_path):
        pass


@pytest.mark.parametrize(
    "log",
    [
        lambda run: run.log_parameters({"seed": 0}),
        lambda run: run.log_tags({"backbone": "vgg16"}),
        lambda run: run.log_epoch({"epoch": 1, "loss": 0.5}),
        lambda run: run.log_metrics({"best_epoch": 1.0}),
    ],
)
def test_store_that_goes_away_in_the_middle_of_a_run_is_told(tracking, tmp_path, log):
    told = pytest.raises(ConfigurationError, match=r"tracking.uri: the MLflow store sqlite:.* cannot be used")
    with told, track_run(tracking, "faces", "run", tmp_path) as run:
        damage(tmp_path / "mlflow.db")
        log(run)


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt(), "KILLED"), (MemoryError(), "FAILED")])
def test_run_whose_files_are_not_all_logged_has_not_finished(tracking, tmp_path, monkeypatch, error, status):
    def refuse(*_):
        raise error

    monkeypatch.setattr("mlflow.log_artifact", refuse)
    with pytest.raises(type(error)), track_run(tracking, "faces", "run", tmp_path) as run:
        pass
    assert mlflow.get_run(run.run_id).info.status == run.status == status


def test_run_whose_end_mlflow_does_not_take_has_not_finished(tracking, tmp_path, fill_the_disk):
    told = pytest.raises(ConfigurationError, match=r"tracking.uri: .*disk is full")
    with told, track_run(tracking, "faces", "run", tmp_path):
        fill_the_disk()
