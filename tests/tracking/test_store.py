"""Where runs are kept."""

import os
import shlex
import subprocess
import time

import mlflow
import pytest

from emotion_tl.config import TrackingConfig
from emotion_tl.errors import ConfigurationError
from emotion_tl.tracking.parent_run import open_parent_run
from emotion_tl.tracking.run import track_run
from emotion_tl.tracking.store import RETRIES, open_store, select_experiment


@pytest.mark.parametrize("is_relative", [False, True], ids=["absolute", "relative"])
def test_artifacts_lie_beside_the_database_and_nowhere_else(tmp_path, monkeypatch, is_relative):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "metrics.json").write_text("{}")
    uri = "sqlite:///store/mlflow.db" if is_relative else f"sqlite:///{tmp_path / 'store' / 'mlflow.db'}"
    with track_run(TrackingConfig(uri=uri), "faces", "run", folder) as run:
        pass
    logged = sorted(path.name for path in (tmp_path / "store" / "mlartifacts").rglob("*.json"))
    assert logged == ["metrics.json", "mlflow_run.json"]
    assert mlflow.artifacts.load_text(f"runs:/{run.run_id}/metrics.json") == "{}"


def test_a_key_may_have_quotation_marks_in_it(tmp_path):
    folder = tmp_path / "o'brien"
    tracking = TrackingConfig(uri=f"sqlite:///{folder / 'mlflow.db'}")
    keys = [f"search {folder}", f"{folder} '\" or", "search"]
    opened = [open_parent_run(tracking, "it's mine", "search", key) for key in keys]
    assert len(set(opened)) == 3
    assert [open_parent_run(tracking, "it's mine", "search", key) for key in keys] == opened


def test_an_experiment_that_was_deleted_is_told_with_what_restores_it(tmp_path):
    folder = tmp_path / "o'brien"
    uri = open_store(TrackingConfig(uri=f"sqlite:///{folder / 'mlflow.db'}"))
    experiment_id = select_experiment(uri, "faces")
    mlflow.delete_experiment(experiment_id)
    with pytest.raises(ConfigurationError, match="faces was deleted") as told:
        select_experiment(uri, "faces")
    variable, *command = shlex.split(str(told.value).split("`")[1])
    name, _, value = variable.partition("=")
    subprocess.run(command, env={**os.environ, name: value}, check=True, capture_output=True)
    assert select_experiment(uri, "faces") == experiment_id


@pytest.mark.parametrize("retries", [None, "1"])
def test_server_that_is_not_there_is_told_within_seconds(monkeypatch, retries):
    monkeypatch.delenv(RETRIES, raising=False)
    if retries is not None:
        monkeypatch.setenv(RETRIES, retries)
    started = time.monotonic()
    with pytest.raises(ConfigurationError, match=r"tracking.uri: the MLflow store http://localhost:9 cannot be used"):
        open_store(TrackingConfig(uri="http://localhost:9"))
    assert time.monotonic() - started < 60
    assert os.environ.get(RETRIES) == retries


def test_path_of_a_database_is_told_with_its_uri(tmp_path):
    with pytest.raises(ConfigurationError) as error:
        open_store(TrackingConfig(uri=str(tmp_path / "mlflow.db")))
    assert f"expected sqlite:///{tmp_path}/mlflow.db for" in str(error.value)
    assert not (tmp_path / "mlflow.db").exists()
