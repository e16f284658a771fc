"""Tells runs that are under way from those whose process died: MLflow goes on calling both RUNNING.

A run holds a lock on a file in its folder, which the operating system frees when the process dies, however it dies.
"""

import json
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Run

from emotion_tl.locks import acquire, acquire_if_free

RUN_FILE = "mlflow_run.json"
LOCK_FILE = ".running"
FOLDER_TAG = "folder"
HOST_TAG = "host"
# MLflow's own.
PARENT_TAG = "mlflow.parentRunId"


@contextmanager
def mark_as_running(folder: Path, run_id: str, run_name: str) -> Iterator[None]:
    """Writes which MLflow run a folder belongs to, and shows that it is under way as long as the block lasts."""
    (folder / RUN_FILE).write_text(json.dumps({"run_id": run_id, "run_name": run_name}, indent=2))
    with acquire(folder / LOCK_FILE):
        yield


def place_tags(folder: Path) -> dict[str, str]:
    """Returns the tags that say where a run is computed and where its files lie."""
    return {HOST_TAG: platform.node(), FOLDER_TAG: str(folder.absolute())}


def read_run_id(folder: Path) -> str | None:
    """Returns the MLflow run that a folder belongs to; None where the run ended before it had one."""
    file = folder / RUN_FILE
    return json.loads(file.read_text())["run_id"] if file.is_file() else None


def forget_run(folder: Path) -> None:
    """Lets a folder belong to no run: what is computed in it next will have its own."""
    (folder / RUN_FILE).unlink(missing_ok=True)


def folder_here(run: Run) -> Path | None:
    """Returns the folder of a run of this machine, which may have been removed; None for a run of another one."""
    tags = run.data.tags
    return Path(tags[FOLDER_TAG]) if tags.get(HOST_TAG) == platform.node() and FOLDER_TAG in tags else None


def has_died(run: Run) -> bool:
    """Returns whether a run that MLflow calls RUNNING was on this machine and its process is gone."""
    folder = folder_here(run)
    if run.info.status != "RUNNING" or folder is None:
        return False
    if not folder.is_dir():
        return True
    lock = acquire_if_free(folder / LOCK_FILE)
    if lock is None:
        return False
    with lock:
        return True


def close_dead_run(run: Run, status: str = "KILLED", reason: str = "its process ended without closing it") -> bool:
    """Ends a run that MLflow calls RUNNING though its process is gone, and returns whether it was such a run."""
    if not has_died(run):
        return False
    client = MlflowClient()
    client.set_tag(run.info.run_id, "reason", reason)
    client.set_terminated(run.info.run_id, status)
    return True
