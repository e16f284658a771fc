"""The MLflow run of a sweep or a search: the runs of its jobs and trials stand below it.

All functions raise a `ConfigurationError` where the store cannot be reached.
"""

import json
import logging
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, RunStatus, RunTag
from mlflow.utils.time import get_current_time_millis

from emotion_tl.config import TrackingConfig
from emotion_tl.errors import EmotionTLError
from emotion_tl.tracking.running import PARENT_TAG, close_dead_run
from emotion_tl.tracking.store import asking_the_store, open_store, select_experiment, store_errors_told

logger = logging.getLogger(__name__)

KEY_TAG = "parent_key"


@asking_the_store
def open_parent_run(
    config: TrackingConfig, experiment_name: str, name: str, key: str, tags: Mapping[str, str] | None = None
) -> str:
    """Returns the id of the parent run with this key in the experiment, running again, or of a new one.

    Args:
        name: shown in the UI.
        key: what makes two parents the same.
        tags: further tags.
    """
    experiment_id = select_experiment(open_store(config), experiment_name)
    client = MlflowClient()
    run_id = find_by_key(experiment_id, key)
    if run_id is not None:
        client.update_run(run_id, status=RunStatus.to_string(RunStatus.RUNNING))
    else:
        run_id = client.create_run(experiment_id, run_name=name, tags={KEY_TAG: key}).info.run_id
    client.log_batch(run_id, tags=[RunTag(tag, value) for tag, value in (tags or {}).items()])
    return run_id


def find_by_key(experiment_id: str, key: str) -> str | None:
    """Returns the id of the latest parent run with a key in an experiment; None where there is none.

    The key is not asked for in MLflow's filter: it may have quotation marks in it, as the path of a folder may.
    """
    runs = mlflow.search_runs([experiment_id], f"tags.{KEY_TAG} != ''", output_format="list")
    return next((run.info.run_id for run in runs if run.data.tags[KEY_TAG] == key), None)


@asking_the_store
def find_parent_run(config: TrackingConfig, tag: str, value: str) -> tuple[str | None, list[str]]:
    """Returns the id of the parent run with a tag that was used last, and all values that the tag has in the store."""
    open_store(config, only_read=True)
    runs = mlflow.search_runs(
        search_all_experiments=True, filter_string=f"tags.{KEY_TAG} != '' and tags.{tag} != ''", output_format="list"
    )
    # One that is under way has no end yet.
    runs.sort(key=lambda run: run.info.end_time or math.inf)
    found = {run.data.tags[tag]: run.info.run_id for run in runs}
    return found.get(value), sorted(found)


@dataclass
class Ending:
    """How a parent run ends.

    Attributes:
        status: FINISHED, FAILED or KILLED.
        metrics: figures of the whole.
    """

    status: str = "FINISHED"
    metrics: Mapping[str, float] = field(default_factory=dict)


@contextmanager
def closed_at_the_end(run_id: str) -> Iterator[Ending]:
    """Ends the run with the block, as that says; where it raises as FAILED, where it is interrupted as KILLED.

    Where MLflow cannot be told, that does not take the place of another reason not to have finished.
    """
    ending = Ending()
    try:
        yield ending
    except BaseException as error:
        ending.status = "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED"
        raise
    finally:
        try:
            close_parent_run(run_id, ending.status, ending.metrics)
        except EmotionTLError as error:
            if ending.status == "FINISHED":
                raise
            logger.error("MLflow does not know that the run is %s. %s", ending.status, error)


@asking_the_store
def close_parent_run(run_id: str, status: str, metrics: Mapping[str, float]) -> None:
    """Logs figures of the whole and ends the run, whether or not there is room for the figures."""
    try:
        log_summary(run_id, metrics)
    finally:
        MlflowClient().set_terminated(run_id, status)


@asking_the_store
def close_dead_children(run_id: str) -> None:
    """Closes the runs below this one that MLflow calls RUNNING though their processes are gone, as killed."""
    experiment_id = MlflowClient().get_run(run_id).info.experiment_id
    is_open_child = f"tags.`{PARENT_TAG}` = '{run_id}' AND attributes.status = 'RUNNING'"
    for run in mlflow.search_runs([experiment_id], is_open_child, output_format="list"):
        close_dead_run(run)


@asking_the_store
def log_summary(run_id: str, metrics: Mapping[str, float]) -> None:
    """Logs figures of the whole to a run that this process has not opened."""
    now = get_current_time_millis()
    MlflowClient().log_batch(run_id, metrics=[Metric(key, float(value), now, 0) for key, value in metrics.items()])


@asking_the_store
def log_record(run_id: str, record: dict[str, Any], path: str) -> None:
    """Logs a record as a JSON artifact of a run that this process has not opened."""
    MlflowClient().log_dict(run_id, record, path)


@asking_the_store
def read_record(run_id: str, path: str) -> dict[str, Any] | None:
    """Returns a JSON record among a run's artifacts; None where there is none."""
    folder, _, name = path.rpartition("/")
    if name not in {Path(entry.path).name for entry in MlflowClient().list_artifacts(run_id, folder or None)}:
        return None
    return mlflow.artifacts.load_dict(f"runs:/{run_id}/{path}")


def read_records(run_id: str, folder: str) -> list[dict[str, Any]]:
    """Returns the JSON records among a run's artifacts in one folder, in the order of their names; none without it.

    Raises:
        ConfigurationError: where they cannot be read.
    """
    with TemporaryDirectory() as temporary, store_errors_told():
        if not MlflowClient().list_artifacts(run_id, folder):
            return []
        local = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=folder, dst_path=temporary)
        return [json.loads(file.read_text(encoding="utf-8")) for file in sorted(Path(local).glob("*.json"))]


@asking_the_store
def log_file(run_id: str, file: Path) -> None:
    """Logs a file as an artifact of a run that this process has not opened."""
    MlflowClient().log_artifact(run_id, str(file))


@asking_the_store
def log_table(run_id: str, table: pd.DataFrame, name: str) -> None:
    """Logs a table as a CSV artifact."""
    MlflowClient().log_text(run_id, table.to_csv(index=False), f"{name}.csv")
