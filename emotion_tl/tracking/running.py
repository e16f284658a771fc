"""Tells runs that are under way from those whose process died: MLflow goes on calling both RUNNING.

A run holds a lock on a file in its folder, which the operating system frees when the process dies, however it dies.
"""

import logging
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Run

from emotion_tl.errors import ConfigurationError
from emotion_tl.files import read_json, write_json
from emotion_tl.locks import acquire, acquire_if_free
from emotion_tl.signals import CLOSING_SECONDS

logger = logging.getLogger(__name__)

RUN_FILE = "mlflow_run.json"
LOCK_FILE = ".running"
FOLDER_TAG = "folder"
HOST_TAG = "host"
# MLflow's own.
PARENT_TAG = "mlflow.parentRunId"


@contextmanager
def mark_as_running(folder: Path) -> Iterator[None]:
    """Shows that a run is under way in a folder as long as the block lasts.

    Raises:
        ConfigurationError: where another one is, and goes on for longer than it takes to end in order.
    """

    def tell() -> None:
        logger.info("Another run is under way in %s, waiting %d s for its end.", folder, CLOSING_SECONDS)

    try:
        lock = acquire(folder / LOCK_FILE, tell, CLOSING_SECONDS)
    except TimeoutError as error:
        raise ConfigurationError(
            f"Expected a folder of its own for each run. Received: {folder}, in which another run is under way. Wait "
            "for its end, or give another hydra.run.dir=..., in a sweep hydra.sweep.dir=..."
        ) from error
    with lock:
        yield


def write_run_id(folder: Path, run_id: str, run_name: str) -> None:
    """Writes which MLflow run a folder belongs to."""
    write_json(folder / RUN_FILE, {"run_id": run_id, "run_name": run_name})


def place_tags(folder: Path) -> dict[str, str]:
    """Returns the tags that say where a run is computed and where its files lie."""
    return {HOST_TAG: platform.node(), FOLDER_TAG: str(folder.absolute())}


def read_run_id(folder: Path) -> str | None:
    """Returns the MLflow run that a folder belongs to; None where it ended before it had one, or it cannot be read."""
    try:
        return read_json(folder / RUN_FILE)["run_id"]
    except (OSError, ValueError):
        return None


def forget_run(folder: Path) -> None:
    """Lets a folder belong to no run: what is computed in it next will have its own."""
    (folder / RUN_FILE).unlink(missing_ok=True)


def folder_here(run: Run) -> Path | None:
    """Returns the folder of a run of this machine, which may have been removed; None for a run of another one.

    The name of a machine may change: a container has a new one each time, and some take theirs from the network. A
    folder that is here and belongs to the run is of this machine whatever the name.
    """
    tags = run.data.tags
    if FOLDER_TAG not in tags:
        return None
    folder = Path(tags[FOLDER_TAG])
    is_here = tags.get(HOST_TAG) == platform.node() or read_run_id(folder) == run.info.run_id
    return folder if is_here else None


def has_died(run: Run) -> bool:
    """Returns whether a run that MLflow calls RUNNING was on this machine and its process is gone."""
    folder = folder_here(run)
    if run.info.status != "RUNNING" or folder is None:
        return False
    try:
        # Who holds its lock writes the name of its run there: this one has lost it.
        if not folder.is_dir() or read_run_id(folder) not in (None, run.info.run_id):
            return True
        lock = acquire_if_free(folder / LOCK_FILE)
    except OSError:
        # It is another user's, who alone can tell.
        return False
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
