"""Finished runs, read back from MLflow."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import LifecycleStage, Run
from mlflow.exceptions import MlflowException

from emotion_tl.config import TrackingConfig
from emotion_tl.errors import ModelNotFoundError
from emotion_tl.tracking.running import close_dead_run, folder_here
from emotion_tl.tracking.store import open_store

# What runs are found by, see `emotion_tl.identity`.
IDENTITY_TAG = "identity"
# What each phase of a run was fed, in words.
INPUTS_TAG = "inputs"
# Metrics of a whole run that have the name of one of an epoch.
OVER_EPOCHS = {"val_accuracy", "val_macro_f1"}
# What a run is that is no training: "probe".
KIND_TAG = "kind"
FALLBACK_WEIGHTS = "random (fallback)"


def find_runs(config: TrackingConfig, experiment_name: str | None, run_ids: list[str]) -> list[Run]:
    """Returns finished runs, the latest first: those named, or all of an experiment, or of the one with the latest run.

    Raises:
        ModelNotFoundError: where an experiment or a run is not in the store, a run was deleted or did not finish, or
            the store holds no finished run.
    """
    if run_ids:
        return find_named_runs(config, run_ids)
    uri = open_store(config, only_read=True)
    experiments = {experiment.name: experiment.experiment_id for experiment in mlflow.search_experiments()}
    if experiment_name is not None and experiment_name not in experiments:
        raise ModelNotFoundError(
            f"experiment_name: expected one of {', '.join(sorted(experiments))} in {uri}. Received: {experiment_name}"
        )
    wanted = list(experiments.values()) if experiment_name is None else [experiments[experiment_name]]
    runs = mlflow.search_runs(
        wanted, "attributes.status = 'FINISHED'", order_by=["attributes.start_time DESC"], output_format="list"
    )
    # Runs of other programs may share the store, and runs of other commands of this one, which say their kind.
    runs = [run for run in runs if "backbone" in run.data.tags and KIND_TAG not in run.data.tags]
    if not runs:
        raise ModelNotFoundError(
            f"Expected finished runs in {uri}. Found none. Start one with `python -m emotion_tl`, or name the store "
            "with tracking.uri=..."
        )
    return [run for run in runs if run.info.experiment_id == runs[0].info.experiment_id]


def find_named_runs(config: TrackingConfig, run_ids: Sequence[str]) -> list[Run]:
    """Returns finished runs by their ids, the latest first.

    Raises:
        ModelNotFoundError: where one is not in the store, was deleted, or did not finish: what it left is not whole.
    """
    uri = open_store(config, only_read=True)
    runs = [get_run(run_id, uri) for run_id in dict.fromkeys(run_ids)]
    for run in runs:
        found = run.info.status if is_kept(run) else "deleted"
        if found != "FINISHED":
            raise ModelNotFoundError(
                f"runs: expected the ids of finished runs in {uri}. Received: {run.info.run_id}, which is {found}."
            )
    return latest_first(runs)


def find_kept_runs(config: TrackingConfig, run_ids: Sequence[str]) -> list[Run]:
    """Returns those of some runs that nobody has deleted since, the latest first."""
    open_store(config, only_read=True)
    found = [run for run_id in run_ids if (run := find_run(run_id)) is not None]
    return latest_first([run for run in found if is_kept(run)])


def is_kept(run: Run) -> bool:
    """Returns whether a run was not deleted, as in the UI: MLflow keeps it until `mlflow gc`."""
    return run.info.lifecycle_stage == LifecycleStage.ACTIVE


def latest_first(runs: Iterable[Run]) -> list[Run]:
    """Returns runs by the time they started."""
    return sorted(runs, key=lambda run: -run.info.start_time)


@dataclass(frozen=True)
class RunSummary:
    """What a sweep wants to know of a run.

    Attributes:
        status: MLflow's: "FINISHED", "FAILED", "KILLED" or "RUNNING".
        metrics: the latest value of each.
        reason: why it did not finish.
        total_seconds: from its start to its end; None where it has not ended.
        dataset_fingerprint: of its images; None where it ended before they were known.
        folder: of its files, where they are on this machine.
    """

    run_id: str
    run_name: str
    status: str
    metrics: dict[str, float]
    reason: str | None
    total_seconds: float | None = None
    dataset_fingerprint: str | None = None
    folder: Path | None = None


def find_same_runs(
    config: TrackingConfig, experiment_name: str, identities: Sequence[str], on_fallback_weights: bool = False
) -> list[RunSummary]:
    """Returns the runs of an experiment with one of these identities, the latest first, whatever became of them.

    Runs of this machine whose process died are closed as killed.

    Args:
        on_fallback_weights: those whose pretrained weights could not be had, in place of all others. Their results are
            not what was asked for: the next try may have the weights.
    """
    open_store(config)
    experiment = mlflow.get_experiment_by_name(experiment_name)
    if experiment is None:
        return []
    # MLflow takes no list of values for a tag.
    runs: list[Run] = [
        run
        for identity in identities
        for run in mlflow.search_runs(
            [experiment.experiment_id], f"tags.{IDENTITY_TAG} = '{identity}'", output_format="list"
        )
    ]
    return [
        summarise(mlflow.get_run(run.info.run_id) if close_dead_run(run) else run)
        for run in latest_first(runs)
        if (run.data.tags.get("weights") == FALLBACK_WEIGHTS) == on_fallback_weights
    ]


def close_if_dead(config: TrackingConfig, run_id: str, status: str, reason: str) -> None:
    """Closes a run whose process died before it could."""
    close_dead_run(get_run(run_id, open_store(config)), status, reason)


def read_summary(config: TrackingConfig, run_id: str) -> RunSummary:
    """Returns what a run has come to.

    Raises:
        ModelNotFoundError: where it is not in the store.
    """
    return summarise(get_run(run_id, open_store(config)))


def summarise(run: Run) -> RunSummary:
    """Returns a run without what belongs to MLflow alone."""
    info = run.info
    seconds = None if info.end_time is None else (info.end_time - info.start_time) / 1000
    metrics, tags = run.data.metrics | early_figures(run), run.data.tags
    return RunSummary(
        run_id=info.run_id,
        run_name=info.run_name,
        status=info.status,
        metrics=metrics,
        reason=tags.get("reason"),
        total_seconds=seconds,
        dataset_fingerprint=tags.get("dataset_fingerprint"),
        folder=folder_here(run),
    )


def early_figures(run: Run) -> dict[str, float]:
    """Returns the figures of a whole run that stand before its epochs.

    Runs were made that have them at step 0, so that MLflow shows those of the last epoch in place of the best one's.
    """
    figures: dict[str, float] = {}
    for key in OVER_EPOCHS & run.data.metrics.keys():
        history = MlflowClient().get_metric_history(run.info.run_id, key)
        figures.update((key, point.value) for point in history if point.step == 0)
    return figures


def has_experiment(config: TrackingConfig, name: str) -> bool:
    """Returns whether anything was ever logged under the name of an experiment."""
    open_store(config)
    return mlflow.get_experiment_by_name(name) is not None


def get_run(run_id: str, uri: str) -> Run:
    """Returns a run by its id.

    Raises:
        ModelNotFoundError: where it is not in the store.
    """
    try:
        return mlflow.get_run(run_id)
    except MlflowException as error:
        raise ModelNotFoundError(f"Expected the id of a run in {uri}. Received: {run_id} ({error.message})") from error


def find_run(run_id: str) -> Run | None:
    """Returns a run by its id; None where the store has none of it."""
    try:
        return mlflow.get_run(run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None


def find_model_file(config: TrackingConfig, model: str) -> Path:
    """Returns the path of the Keras model of an MLflow run or of a registered model's latest version.

    Raises:
        ModelNotFoundError: where the store has neither.
    """
    uri = open_store(config, only_read=True)
    for location in (f"runs:/{model}/model", f"models:/{model}/latest"):
        try:
            folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=location))
        except (MlflowException, OSError):
            continue
        return folder / "data" / "model.keras"
    raise ModelNotFoundError(
        "model: expected the path of a model.keras, the folder of a run, the id of a run or the name of a registered "
        f"model in {uri}. Received: {model}"
    )
