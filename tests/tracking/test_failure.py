"""What MLflow tells of what failed, and of what a dead process has left behind."""

import errno
import os

import mlflow
import pytest
from filelock import FileLock

from emotion_tl.config import TrackingConfig
from emotion_tl.tracking.failure import log_failure
from emotion_tl.tracking.parent_run import close_dead_children, open_parent_run
from emotion_tl.tracking.run import track_run
from emotion_tl.tracking.running import LOCK_FILE, PARENT_TAG, place_tags, read_run_id, write_run_id
from emotion_tl.tracking.store import open_store, select_experiment


@pytest.fixture(scope="module")
def tracking(tmp_path_factory):
    return TrackingConfig(uri=f"sqlite:///{tmp_path_factory.mktemp('failures') / 'mlflow.db'}")


def leave_running(tracking: TrackingConfig, folder, parent: str = "none") -> str:
    """Leaves a run in MLflow as a process does that is killed in the middle of it."""
    experiment_id = select_experiment(open_store(tracking), "faces")
    tags = place_tags(folder) | {PARENT_TAG: parent}
    run_id = mlflow.MlflowClient().create_run(experiment_id, run_name="trial", tags=tags).info.run_id
    write_run_id(folder, run_id, "trial")
    return run_id


def fail(tracking: TrackingConfig, folder, reason: str) -> mlflow.entities.Run:
    run_id = log_failure(tracking, folder, "faces", "trial 3", {"reason": reason, "overrides": "head.dropout=0.3"})
    return mlflow.get_run(run_id)


def test_what_failed_before_it_had_a_run_gets_one(tracking, tmp_path):
    run = fail(tracking, tmp_path, "no weights")
    assert (run.info.status, run.info.run_name) == ("FAILED", "trial 3")
    assert (run.data.tags["reason"], run.data.tags["overrides"]) == ("no weights", "head.dropout=0.3")


def test_run_whose_process_died_is_closed_with_the_reason(tracking, tmp_path):
    run_id = leave_running(tracking, tmp_path)
    run = fail(tracking, tmp_path, "killed")
    assert (run.info.run_id, run.info.status, run.data.tags["reason"]) == (run_id, "FAILED", "killed")


def test_run_that_has_told_its_reason_keeps_it(tracking, tmp_path):
    with pytest.raises(ValueError, match="first"), track_run(tracking, "faces", "trial", tmp_path):
        raise ValueError("first")
    run = fail(tracking, tmp_path, "second")
    assert run.info.run_id == read_run_id(tmp_path)
    assert run.data.tags["reason"] == "ValueError: first"


def test_a_store_that_cannot_be_reached_is_no_further_failure(tmp_path):
    tracking = TrackingConfig(uri="nowhere://store")
    assert log_failure(tracking, tmp_path, "faces", "trial 3", {"reason": "no store"}) is None


def test_a_disk_that_is_full_is_no_further_failure(tracking, tmp_path, monkeypatch, caplog):
    def fill(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("emotion_tl.tracking.failure.log_failed_run", fill)
    with caplog.at_level("ERROR", logger="emotion_tl"):
        assert log_failure(tracking, tmp_path, "faces", "trial 3", {"reason": "no space"}) is None
    assert "MLflow does not know why trial 3 failed. OSError: [Errno 28] No space left" in caplog.text


def test_dead_children_alone_are_closed(tracking, tmp_path):
    parent = open_parent_run(tracking, "faces", "search", "one key")
    other = open_parent_run(tracking, "faces", "search", "another key")
    folders = [tmp_path / name for name in ("dead", "alive", "of another")]
    for folder in folders:
        folder.mkdir()
    dead, alive = (leave_running(tracking, folder, parent) for folder in folders[:2])
    elsewhere = leave_running(tracking, folders[2], other)
    with FileLock(folders[1] / LOCK_FILE):
        close_dead_children(parent)
    statuses = [mlflow.get_run(run_id).info.status for run_id in (dead, alive, elsewhere)]
    assert statuses == ["KILLED", "RUNNING", "RUNNING"]
    assert "without closing" in mlflow.get_run(dead).data.tags["reason"]
