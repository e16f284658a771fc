"""One MLflow run with everything needed to compare it and to run it again."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.exceptions import MlflowException

from emotion_tl.command_config import ProbeConfig
from emotion_tl.config import DataConfig, ExperimentConfig, TrackingConfig, to_plain
from emotion_tl.data.dataset import Dataset
from emotion_tl.errors import EmotionTLError, reason_of
from emotion_tl.files import STATE_FOLDER
from emotion_tl.tracking.running import LOCK_FILE, PARENT_TAG, forget_run, mark_as_running, place_tags, write_run_id
from emotion_tl.tracking.store import asking_the_store, open_store, select_experiment

logger = logging.getLogger(__name__)

# MLflow refuses a longer one.
LONGEST_DIGEST = 36

# Weights and models stay in the run's folder; `log_keras_model` logs the model.
LARGE_FILES = {".keras", ".h5"}
HIDDEN = {".hydra", LOCK_FILE, STATE_FOLDER}

# Columns of the history by the name of their metric, which stands beside its val_ twin in the UI's list.
METRIC_NAMES = {
    "loss": "train_loss",
    "accuracy": "train_accuracy",
    "macro_f1": "train_macro_f1",
    "log_loss": "train_log_loss",
}


class LoggedDataset(MetaDataset):
    """What MLflow keeps of a data set: its name, fingerprint and counts, not its images."""

    def __init__(self, dataset: Dataset, config: DataConfig):
        """Takes the counts of each class in each split."""
        self.counts = {
            name: dict(zip(dataset.class_names, split.class_counts(dataset.num_classes).tolist(), strict=True))
            for name, split in dataset.splits().items()
        }
        source = CodeDatasetSource({"data.source": config.source, "data.path": str(config.path)})
        super().__init__(source, name=dataset.name, digest=dataset.fingerprint[:LONGEST_DIGEST])

    @property
    def profile(self) -> dict[str, Any]:
        """Returns the images of each class in each split."""
        return self.counts

    def to_dict(self) -> dict[str, str]:
        """Returns what MLflow stores."""
        return {**super().to_dict(), "profile": json.dumps(self.profile)}


class TrackedRun:
    """A run that is under way in MLflow. Its methods raise a `ConfigurationError` where the store cannot be reached.

    Attributes:
        run_id: MLflow's id of the run.
        name: its name in the UI.
        status: MLflow's.
    """

    def __init__(self, run_id: str, name: str):
        """Takes the active run."""
        self.run_id = run_id
        self.name = name
        self.status = "RUNNING"
        self.last_epoch = 0

    def log_config(self, config: ExperimentConfig | ProbeConfig) -> None:
        """Logs the configuration: each setting as a parameter, `schedule.phases.frozen.epochs` and so on."""
        settings = pd.json_normalize(to_plain(config)).iloc[0].items()
        self.log_parameters({str(key): value for key, value in settings})

    @asking_the_store
    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Logs settings."""
        mlflow.log_params(dict(parameters))

    @asking_the_store
    def log_dataset(self, dataset: Dataset, config: DataConfig) -> None:
        """Logs which images the run saw: name, fingerprint, where they came from and how many."""
        try:
            mlflow.log_input(LoggedDataset(dataset, config), context="training")
        except MlflowException:
            # Runs that begin at the same moment all add the data set, and MLflow's database takes the first.
            mlflow.log_input(LoggedDataset(dataset, config), context="training")
        counts = {f"num_{name}_images": len(split) for name, split in dataset.splits().items()}
        mlflow.log_params({**counts, "num_rejected_images": len(dataset.rejected)})

    @asking_the_store
    def log_tags(self, tags: dict[str, Any]) -> None:
        """Sets tags: what runs are filtered and grouped by."""
        mlflow.set_tags({key: str(value) for key, value in tags.items()})

    @asking_the_store
    def log_epoch(self, row: dict[str, Any]) -> None:
        """Logs the figures of an epoch on the one step axis of the run, over all phases."""
        metrics = {METRIC_NAMES.get(key, key): value for key, value in row.items() if isinstance(value, float)}
        mlflow.log_metrics(metrics, step=row["epoch"])
        self.last_epoch = row["epoch"]

    @asking_the_store
    def log_metrics(self, metrics: dict[str, float]) -> None:
        """Logs figures of the whole run.

        They stand at its last epoch: MLflow shows the value of the highest step, which is that of the best epoch then.
        """
        mlflow.log_metrics(metrics, step=self.last_epoch)

    @asking_the_store
    def log_folder(self, folder: Path) -> None:
        """Logs what the run left in its folder, but the model, which `log_keras_model` logs."""
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix not in LARGE_FILES and not HIDDEN.intersection(path.parts):
                parent = path.parent.relative_to(folder).as_posix()
                mlflow.log_artifact(str(path), None if parent == "." else parent)


@contextmanager
def track_run(config: TrackingConfig, experiment_name: str, run_name: str, folder: Path) -> Iterator[TrackedRun]:
    """Opens an MLflow run and closes it as finished, failed or killed.

    However it ends, what the run left in `folder` until then is logged with it. `folder` has to be there.

    Raises:
        ConfigurationError: where the store cannot be reached, or another run is under way in the folder.
    """
    uri = open_store(config)
    experiment_id = select_experiment(uri, config.experiment_name or experiment_name)
    with mark_as_running(folder):
        # Until it has the id of this run, which would be taken for dead while the folder names another.
        forget_run(folder)
        active = asking_the_store(mlflow.start_run)(
            experiment_id=experiment_id,
            run_name=config.run_name or run_name,
            parent_run_id=config.parent_run_id,
            tags=config.tags | place_tags(folder),
        )
        run = TrackedRun(active.info.run_id, active.info.run_name)
        try:
            write_run_id(folder, run.run_id, run.name)
            yield run
        except KeyboardInterrupt:
            end_run(run, folder, "KILLED", "interrupted")
            raise
        except BaseException as error:
            end_run(run, folder, "FAILED", reason_of(error))
            raise
        end_run(run, folder, "FINISHED", None)


def end_run(run: TrackedRun, folder: Path, status: str, reason: str | None) -> None:
    """Logs the run's files and its end; a run whose files cannot be logged has not finished."""
    run.status = "FAILED" if status == "FINISHED" else status
    try:
        if reason is not None:
            run.log_tags({"reason": reason})
        run.log_folder(folder)
        run.status = status
    except EmotionTLError as error:
        logger.error("The files of the run stay in %s: they could not be logged to MLflow (%s).", folder, error)
    except KeyboardInterrupt:
        run.status, reason = "KILLED", "interrupted"
        raise
    finally:
        close_run(run.run_id, run.status, reason)


def close_run(run_id: str, status: str, reason: str | None) -> None:
    """Ends the active run. Where MLflow cannot be told, that does not take the place of an earlier reason to end."""
    try:
        end_active_run(run_id, status)
    except EmotionTLError as error:
        if reason is None:
            raise
        logger.error("MLflow does not know that the run is %s. %s", status, error)


@asking_the_store
def end_active_run(run_id: str, status: str) -> None:
    """Ends the run that is active in MLflow."""
    if mlflow.active_run() is not None:
        # MLflow lets go of it first, and would not end it where it is asked again.
        mlflow.end_run(status)
    else:
        MlflowClient().set_terminated(run_id, status)


def log_failed_run(config: TrackingConfig, dataset_name: str, run_name: str, tags: Mapping[str, str]) -> str:
    """Logs what failed before it had a run, and returns the id of the run that says so."""
    experiment_id = select_experiment(open_store(config), config.experiment_name or dataset_name)
    client = MlflowClient()
    parent = {} if config.parent_run_id is None else {PARENT_TAG: config.parent_run_id}
    all_tags = config.tags | parent | dict(tags)
    run_id = client.create_run(experiment_id, run_name=config.run_name or run_name, tags=all_tags).info.run_id
    client.set_terminated(run_id, "FAILED")
    return run_id
