"""Where runs are kept."""

import errno
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE

from emotion_tl.config import TrackingConfig
from emotion_tl.errors import ConfigurationError, StorageError
from emotion_tl.tracking.parent_run import open_parent_run
from emotion_tl.tracking.run import track_run
from emotion_tl.tracking.runs import find_runs
from emotion_tl.tracking.store import (
    RETRIES,
    TIMES_ASKED,
    asking_the_store,
    database_file,
    open_store,
    select_experiment,
    store_errors_told,
)

NOBODY = 65534


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


@pytest.fixture
def foreign_store():
    """Returns an SQLite file that this process may read and not change, with a finished run; root is another user."""
    user = os.geteuid()
    # Not tmp_path, whose parents other users may not enter.
    with tempfile.TemporaryDirectory() as name:
        made, shared = Path(name) / "made", Path(name) / "shared"
        made.mkdir()
        with track_run(TrackingConfig(uri=f"sqlite:///{made / 'mlflow.db'}"), "faces", "run", made) as run:
            run.log_tags({"backbone": "vgg16"})
        shared.mkdir()
        # MLflow keeps open what it has opened as root.
        shutil.copyfile(made / "mlflow.db", shared / "mlflow.db")
        Path(name).chmod(0o755)
        shared.chmod(0o555)
        (shared / "mlflow.db").chmod(0o444)
        try:
            os.seteuid(NOBODY if user == 0 else user)
            yield TrackingConfig(uri=f"sqlite:///{shared / 'mlflow.db'}")
        finally:
            os.seteuid(user)
            shared.chmod(0o755)


def test_store_of_a_colleague_can_be_read_and_is_told_where_it_is_to_be_written_to(foreign_store):
    assert [run.info.run_name for run in find_runs(foreign_store, None, [])] == ["run"]
    with pytest.raises(ConfigurationError, match=r"tracking.uri: .*Permission denied.*Expected one that this user may"):
        open_store(foreign_store)


def test_store_that_may_not_be_read_is_told_at_once(foreign_store):
    started = time.monotonic()
    user = os.geteuid()
    os.seteuid(os.getuid())
    database_file(foreign_store.uri).chmod(0o000)
    os.seteuid(user)
    with pytest.raises(ConfigurationError, match=r"tracking.uri: .*Permission denied"):
        find_runs(foreign_store, None, [])
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EROFS])
def test_drive_without_locks_is_told(tmp_path, monkeypatch, code):
    """No file system of a test machine is one."""

    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("filelock.FileLock._acquire", refuse)
    with pytest.raises(ConfigurationError, match=f"tracking.uri: .*{os.strerror(code)}"):
        open_store(TrackingConfig(uri=f"sqlite:///{tmp_path / 'mlflow.db'}"))


def test_disk_without_room_is_no_matter_of_the_store(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/full/file")

    monkeypatch.setattr("filelock.FileLock._acquire", refuse)
    with pytest.raises(StorageError, match=r"^/full/file: No space left on device\. Make room there"):
        open_store(TrackingConfig(uri=f"sqlite:///{tmp_path / 'mlflow.db'}"))


def test_database_without_room_is_told_to_get_some():
    with (
        pytest.raises(ConfigurationError, match=r"\(.*disk is full\)\. Make room there"),
        store_errors_told("sqlite:///x"),
    ):
        raise MlflowException("(sqlite3.OperationalError) database or disk is full")


def test_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"tracking.uri: .*Not a directory"):
        open_store(TrackingConfig(uri=f"sqlite:///{tmp_path / 'file' / 'store' / 'mlflow.db'}"))


def test_file_that_is_no_database_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("mlflow.store.db.utils.MAX_RETRY_COUNT", 1)
    (tmp_path / "mlflow.db").write_text("no database" * 1000)
    with pytest.raises(ConfigurationError, match=r"tracking.uri: .*file is not a database"):
        open_store(TrackingConfig(uri=f"sqlite:///{tmp_path / 'mlflow.db'}"))


def locked_at_first(call, times: int):
    """Makes something that MLflow does answer so many times that the database is locked."""
    answers = iter([True] * times)

    def calling(*arguments, **settings):
        if next(answers, False):
            raise MlflowException("(sqlite3.OperationalError) database is locked", TEMPORARILY_UNAVAILABLE)
        return call(*arguments, **settings)

    return calling


@pytest.mark.parametrize("times", [1, TIMES_ASKED - 1])
def test_a_database_that_is_locked_at_first_is_asked_again(tmp_path, monkeypatch, times):
    for name in ("create_run", "log_batch", "set_terminated"):
        monkeypatch.setattr(MlflowClient, name, locked_at_first(getattr(MlflowClient, name), times))
    config = TrackingConfig(uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    with track_run(config, "faces", "run", make_folder(tmp_path)) as run:
        run.log_metrics({"accuracy": 0.5})
    assert run.status == "FINISHED"
    logged = MlflowClient().get_run(run.run_id)
    assert logged.info.status == "FINISHED"
    assert logged.data.metrics == {"accuracy": 0.5}
    assert mlflow.active_run() is None


def test_a_database_that_stays_locked_is_told(tmp_path, monkeypatch):
    open_store(TrackingConfig(uri=f"sqlite:///{tmp_path / 'mlflow.db'}"))
    monkeypatch.setattr(MlflowClient, "create_run", locked_at_first(MlflowClient.create_run, TIMES_ASKED))
    with pytest.raises(ConfigurationError, match="database is locked"):
        asking_the_store(MlflowClient().create_run)("0")


def make_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    return folder
