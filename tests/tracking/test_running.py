"""Whose run is under way in a folder, and what is told where nobody can know."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow
import pytest
from filelock import FileLock

from emotion_tl.config import TrackingConfig
from emotion_tl.errors import ConfigurationError
from emotion_tl.tracking import running
from emotion_tl.tracking.run import track_run
from emotion_tl.tracking.running import (
    HOST_TAG,
    LOCK_FILE,
    RUN_FILE,
    close_dead_run,
    folder_here,
    has_died,
    place_tags,
    read_run_id,
    write_run_id,
)
from emotion_tl.tracking.store import open_store, select_experiment
from emotion_tl.training.state_files import StateFiles, has_state, write_state

NOBODY = 65534


@pytest.fixture(scope="module")
def tracking(tmp_path_factory):
    return TrackingConfig(uri=f"sqlite:///{tmp_path_factory.mktemp('running') / 'mlflow.db'}")


def running_run(tracking: TrackingConfig, folder: Path) -> mlflow.entities.Run:
    """Returns a run that MLflow calls RUNNING and that nobody computes."""
    experiment_id = select_experiment(open_store(tracking), "faces")
    return mlflow.MlflowClient().create_run(experiment_id, tags=place_tags(folder))


@contextmanager
def as_another_user(home: Path) -> Iterator[None]:
    """Lets this process, root too, be one that may not enter a folder."""
    user = os.geteuid()
    home.chmod(0o000)
    try:
        os.seteuid(NOBODY if user == 0 else user)
        yield
    finally:
        os.seteuid(user)
        home.chmod(0o700)


def test_run_in_the_home_of_another_user_is_left_to_them(tracking):
    # Not tmp_path, whose parents other users may not enter.
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "run"
        write_state(folder, "epoch-1", "best-1", StateFiles({}, {}, None))
        run = running_run(tracking, folder)
        write_run_id(folder, run.info.run_id, "name")
        with as_another_user(Path(home)):
            assert not has_died(run)
            assert not has_state(folder)
            assert read_run_id(folder) is None
        assert has_died(run)
        assert has_state(folder)


def test_folder_of_a_run_that_is_under_way_is_refused_and_stays_as_it_is(tracking, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "CLOSING_SECONDS", 0.3)
    num_before = len(mlflow.search_runs(search_all_experiments=True, output_format="list"))
    with track_run(tracking, "faces", "first", tmp_path) as first:
        with (
            pytest.raises(ConfigurationError, match=r"another run is under way\. Wait.*hydra\.sweep\.dir=") as told,
            track_run(tracking, "faces", "second", tmp_path),
        ):
            pass
        assert str(tmp_path) in str(told.value)
        assert read_run_id(tmp_path) == first.run_id
    assert len(mlflow.search_runs(search_all_experiments=True, output_format="list")) == num_before + 1
    assert read_run_id(tmp_path) == first.run_id


def test_run_that_is_closing_is_waited_for(tracking, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(running.logger, "info", lambda text, *values: (told.append(text % values), lock.release()))
    lock = FileLock(tmp_path / LOCK_FILE)
    lock.acquire()
    with track_run(tracking, "faces", "second", tmp_path) as run:
        assert read_run_id(tmp_path) == run.run_id
    assert told == [f"Another run is under way in {tmp_path}, waiting 60 s for its end."]


def test_run_is_not_taken_for_dead_before_mlflow_knows_its_end(tracking, tmp_path, monkeypatch):
    def log_folder(run, _):
        alive.append(not has_died(mlflow.get_run(run.run_id)))

    alive: list[bool] = []
    monkeypatch.setattr("emotion_tl.tracking.run.TrackedRun.log_folder", log_folder)
    with track_run(tracking, "faces", "run", tmp_path):
        pass
    assert alive == [True]


def test_run_is_dead_once_another_is_under_way_in_its_folder(tracking, tmp_path, monkeypatch):
    def note_and_write(folder, run_id, name):
        alive.append(not has_died(mlflow.get_run(run_id)))
        write_run_id(folder, run_id, name)

    alive: list[bool] = []
    died = running_run(tracking, tmp_path)
    write_run_id(tmp_path, died.info.run_id, "name")
    monkeypatch.setattr("emotion_tl.tracking.run.write_run_id", note_and_write)
    with track_run(tracking, "faces", "second", tmp_path) as second:
        assert has_died(died)
        assert not has_died(mlflow.get_run(second.run_id))
    assert alive == [True]


@pytest.mark.parametrize("content", [b"", b'{"run_id": "a', b"\xff\xfe"])
def test_damaged_file_names_no_run(tmp_path, content):
    (tmp_path / RUN_FILE).write_bytes(content)
    assert read_run_id(tmp_path) is None


def test_run_keeps_its_file_where_the_next_one_cannot_be_written(tmp_path, monkeypatch):
    def fill_the_disk(path, *_, **__):
        path.touch()
        raise OSError(28, "No space left on device")

    write_run_id(tmp_path, "first", "name")
    monkeypatch.setattr(Path, "write_text", fill_the_disk)
    with pytest.raises(OSError, match="No space"):
        write_run_id(tmp_path, "second", "name")
    assert read_run_id(tmp_path) == "first"
    assert [path.name for path in tmp_path.iterdir()] == [RUN_FILE]


def test_folder_that_names_the_run_is_of_this_machine_whatever_its_name(tracking, tmp_path):
    run = running_run(tracking, tmp_path)
    client = mlflow.MlflowClient()
    client.set_tag(run.info.run_id, HOST_TAG, "0f3c2a9d8e71")
    renamed = client.get_run(run.info.run_id)
    assert folder_here(renamed) is None
    write_run_id(tmp_path, "of another run", "name")
    assert folder_here(renamed) is None
    write_run_id(tmp_path, run.info.run_id, "name")
    assert folder_here(renamed) == tmp_path
    assert close_dead_run(renamed)
    assert client.get_run(run.info.run_id).info.status == "KILLED"
