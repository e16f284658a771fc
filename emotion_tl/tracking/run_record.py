"""A finished run as it is analysed: its settings, its figures, and the tables it left among its artifacts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import yaml
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from emotion_tl.config import TrackingConfig
from emotion_tl.errors import ModelNotFoundError
from emotion_tl.tracking.runs import KIND_TAG, early_figures, find_kept_runs, find_runs
from emotion_tl.tracking.store import open_store

PREDICTIONS, HISTORY, SETTINGS = "predictions.parquet", "history.csv", "config.yaml"


@dataclass(frozen=True, eq=False)
class RunRecord:
    """A finished run; what it left is read when it is asked for.

    Attributes:
        run_id: of MLflow.
        name: what the UI calls it.
        tags: of MLflow.
        metrics: the latest value of each.
        parameters: each setting by its dotted key, as text, and what else was logged beside them.
        num_train_images: it learnt from.
        started: milliseconds since 1970.
    """

    run_id: str
    name: str
    tags: dict[str, str] = field(repr=False)
    metrics: dict[str, float] = field(repr=False)
    parameters: dict[str, str] = field(default_factory=dict, repr=False)
    num_train_images: int = 0
    started: int = 0

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Returns the resolved configuration as nested dicts."""
        return yaml.safe_load(self.file(SETTINGS).read_text(encoding="utf-8"))

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """Returns a row an image of val and test, see `emotion_tl.evaluation.predictions.predictions_table`."""
        return pd.read_parquet(self.file(PREDICTIONS))

    @cached_property
    def history(self) -> pd.DataFrame:
        """Returns a row an epoch over all phases."""
        return pd.read_csv(self.file(HISTORY))

    @property
    def seed(self) -> int:
        """Returns the seed of the run."""
        return int(self.tags["seed"])

    def file(self, name: str) -> Path:
        """Returns the path of one of its artifacts on this machine.

        Raises:
            ModelNotFoundError: where the run left none of this name, or it cannot be read.
        """
        try:
            return Path(mlflow.artifacts.download_artifacts(run_id=self.run_id, artifact_path=name))
        except (MlflowException, OSError) as error:
            raise ModelNotFoundError(
                f"Expected {name} among the artifacts of run {self.name} ({self.run_id}). It cannot be read: {error}"
            ) from error


def read_records(config: TrackingConfig, experiment_name: str | None, run_ids: list[str]) -> list[RunRecord]:
    """Returns finished runs, the latest first: those named, or all of an experiment, or of the one with the latest run.

    Raises:
        ModelNotFoundError: where an experiment or a run is not in the store, a run was deleted or did not finish, or
            the store holds no finished run.
    """
    return [to_record(run) for run in find_runs(config, experiment_name, run_ids)]


def read_kept_records(config: TrackingConfig, run_ids: Sequence[str]) -> list[RunRecord]:
    """Returns those of some runs that nobody has deleted since, the latest first."""
    return [to_record(run) for run in find_kept_runs(config, run_ids)]


def to_record(run: Run) -> RunRecord:
    """Returns a run without what belongs to MLflow alone."""
    return RunRecord(
        run_id=run.info.run_id,
        name=run.info.run_name,
        tags=dict(run.data.tags),
        metrics=run.data.metrics | early_figures(run),
        parameters=dict(run.data.params),
        num_train_images=int(run.data.params.get("num_train_images", 0)),
        started=run.info.start_time,
    )


def find_probes(config: TrackingConfig, test_fingerprint: str) -> dict[str, RunRecord]:
    """Returns backbone -> its linear probes on these test images: of several those that learnt from most images.

    Of those that learnt from as many it is the latest.
    """
    open_store(config, only_read=True)
    runs = mlflow.search_runs(
        filter_string=f"tags.{KIND_TAG} = 'probe' and tags.test_fingerprint = '{test_fingerprint}' "
        "and attributes.status = 'FINISHED'",
        search_all_experiments=True,
        order_by=["attributes.start_time DESC"],
        output_format="list",
    )
    probes: dict[str, RunRecord] = {}
    for record in sorted(map(to_record, runs), key=lambda record: -record.num_train_images):
        probes.setdefault(record.tags["backbone"], record)
    return probes
