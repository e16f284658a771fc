"""A run that is interrupted, and started again: it ends as if nothing had happened."""

import contextlib
import logging
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from emotion_tl import continuation
from emotion_tl.config import BackboneConfig, ExperimentConfig
from emotion_tl.continuation import Continuation, find_interrupted, take_up
from emotion_tl.data.dataset import load_dataset
from emotion_tl.experiment import ExperimentResult, run_experiment
from emotion_tl.files import STATE_FOLDER
from emotion_tl.identity import known_identities
from emotion_tl.models.transfer_model import build_transfer_model
from emotion_tl.tracking.run import TrackedRun, track_run
from emotion_tl.tracking.running import read_run_id
from emotion_tl.tracking.runs import find_same_runs
from emotion_tl.training.state import TrainingState
from emotion_tl.training.stretch import Stretch
from tests.runs import BASELINE, compose_config, tiny_overrides, write_faces

PHASES = [
    "schedule=frozen_then_unfrozen",
    "head=mlp",
    "schedule.phases.frozen.epochs=1",
    "schedule.phases.unfrozen.epochs=3",
    "schedule.phases.unfrozen.learning_rate=1e-3",
    "trainer.deterministic=true",
]
INTERRUPTED_AT = 3
EXPERIMENT = "interrupted"
MEASURED = ["seconds", "images_per_second"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("continuation")
    write_faces(folder / "faces")
    return folder


def make_config(folder: Path, experiment: str, *overrides: str) -> ExperimentConfig:
    place = f"tracking.experiment_name={experiment}"
    return compose_config([*tiny_overrides(folder / "faces", folder), *BASELINE, *PHASES, place, *overrides])


@pytest.fixture(scope="module")
def whole(folder) -> ExperimentResult:
    """Returns the run in one go."""
    return run_experiment(make_config(folder, "whole"), folder / "whole")


def interrupt(config: ExperimentConfig, output_dir: Path, at: int) -> Path:
    """Ends a run as by Ctrl-C after an epoch was told and before its state was kept, and returns its folder."""
    log_epoch = TrackedRun.log_epoch

    def log_until_interrupted(run, row):
        log_epoch(run, row)
        if row["epoch"] == at:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(continuation, "SECONDS_BETWEEN_STATES", 0.0)
        patched.setattr(TrackedRun, "log_epoch", log_until_interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_experiment(config, output_dir)
    return output_dir


@pytest.fixture(scope="module")
def interrupted(folder) -> Path:
    """Returns the folder of the same run, interrupted."""
    return interrupt(make_config(folder, EXPERIMENT), folder / "interrupted", INTERRUPTED_AT)


def look_for_more(folder: Path, *overrides: str) -> Continuation:
    """Returns how the same run with other settings would start; its own run in MLflow ends at once, as failed."""
    config = make_config(folder, EXPERIMENT, *overrides)
    dataset = load_dataset(config.data, Path(config.cache_dir))
    model = build_transfer_model(config, dataset.image_shape, dataset.num_classes)
    place = folder / "looking"
    place.mkdir(exist_ok=True)
    with (
        contextlib.suppress(InterruptedError),
        track_run(config.tracking, dataset.name, "looking", place) as run,
    ):
        start = take_up(config, dataset, model, known_identities(config, dataset.fingerprint), run)
        raise InterruptedError
    return start


def test_states_are_no_artifacts(interrupted):
    assert (interrupted / STATE_FOLDER).is_dir()
    (run,) = mlflow.search_runs(
        experiment_names=[EXPERIMENT], filter_string="attributes.status = 'KILLED'", output_format="list"
    )
    names = {artifact.path for artifact in mlflow.MlflowClient().list_artifacts(run.info.run_id)}
    assert "history.csv" in names
    assert STATE_FOLDER not in names


@pytest.mark.parametrize(
    ("overrides", "goes_on"), [([], True), (["sweep.rerun=all"], False), (["head.dropout=0.1"], False)]
)
def test_goes_on_only_with_the_same_and_unless_told_otherwise(interrupted, folder, overrides, goes_on):
    start = look_for_more(folder, *overrides)
    assert start.stretch.resume_from == (interrupted if goes_on else None)
    assert (start.seconds > 0) == goes_on
    # The next interruption is to cost no more than this one.
    assert start.stretch.keep_state == "epoch"


def test_damaged_state_is_told_and_the_run_starts_anew(interrupted, folder, caplog):
    (arrays,) = (interrupted / STATE_FOLDER).glob("*.npz")
    content = arrays.read_bytes()
    arrays.write_bytes(content[:-10])
    with caplog.at_level(logging.WARNING):
        start = look_for_more(folder)
    arrays.write_bytes(content)
    assert start.stretch.resume_from is None
    assert str(arrays) in caplog.text


def test_state_that_does_not_fit_is_told_and_the_run_starts_anew(interrupted, folder, caplog):
    state = TrainingState.read(interrupted)
    replace(state, settings=state.settings | {"weights": "of another version"}).write(interrupted)
    with caplog.at_level(logging.WARNING):
        start = look_for_more(folder)
    state.write(interrupted)
    assert start.stretch.resume_from is None
    assert "the state is of another training: expected weights=of another version" in caplog.text


def test_a_run_on_fallback_weights_goes_on_with_its_like(folder):
    config = make_config(folder, "fallback", "schedule.phases.unfrozen.epochs=1")
    config.backbone = BackboneConfig(
        "vgg16", image_size=32, output_block="block1_pool", weights="missing.h5", allow_random_weights=True
    )
    first = interrupt(config, folder / "fallback", at=2)
    identities = known_identities(config, load_dataset(config.data, Path(config.cache_dir)).fingerprint)
    # Neither a sweep nor a run that has the weights takes it for its own.
    assert find_same_runs(config.tracking, "fallback", identities) == []
    assert find_interrupted(config.tracking, "fallback", identities, on_fallback_weights=False) == {}
    again = run_experiment(config, folder / "fallback_again")
    assert mlflow.get_run(again.run_id).data.tags["continues"] == read_run_id(first)
    assert not (first / STATE_FOLDER).exists()


def test_a_run_whose_process_died_goes_on_in_its_own_folder(whole, folder):
    config = make_config(folder, "one_folder")
    place = interrupt(config, folder / "one_folder", INTERRUPTED_AT)
    died = read_run_id(place)
    # As a killed process leaves it.
    mlflow.MlflowClient().update_run(died, status="RUNNING")
    again = run_experiment(config, place)
    assert mlflow.get_run(again.run_id).data.tags["continues"] == died
    assert mlflow.get_run(died).info.status == "KILLED"
    pd.testing.assert_frame_equal(again.history.drop(columns=MEASURED), whole.history.drop(columns=MEASURED))
    assert not (place / STATE_FOLDER).exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MlflowException("no room")])
def test_a_run_whose_files_could_not_be_logged_goes_on_too(folder, error):
    def refuse(*_):
        raise error

    name = type(error).__name__
    config = make_config(folder, name, "schedule.phases.unfrozen.epochs=1")
    with pytest.MonkeyPatch.context() as patched, contextlib.suppress(KeyboardInterrupt):
        patched.setattr(continuation, "SECONDS_BETWEEN_STATES", 0.0)
        patched.setattr("mlflow.log_artifact", refuse)
        run_experiment(config, folder / name)
    died = read_run_id(folder / name)
    again = run_experiment(config, folder / name)
    assert mlflow.get_run(again.run_id).data.tags["continues"] == died
    assert not (folder / name / STATE_FOLDER).exists()


@pytest.fixture(scope="module")
def result(interrupted, folder) -> ExperimentResult:
    """Returns the interrupted run, started again."""
    return run_experiment(make_config(folder, EXPERIMENT), folder / "again")


def test_comes_to_the_same_end(result, whole, interrupted):
    pd.testing.assert_frame_equal(result.history.drop(columns=MEASURED), whole.history.drop(columns=MEASURED))
    columns = [name for name in whole.predictions if name.startswith("probability_")]
    np.testing.assert_array_equal(result.predictions[columns], whole.predictions[columns])
    # The epochs before the interruption are those of the first run, not trained again.
    told = pd.read_csv(interrupted / "history.csv")
    num_kept = INTERRUPTED_AT - 1
    assert result.history["seconds"][:num_kept].tolist() == pytest.approx(told["seconds"][:num_kept].tolist())
    assert result.metrics["training_seconds"] > result.history["seconds"].sum()


def test_mlflow_has_all_epochs_and_knows_what_went_on(result, interrupted):
    run = mlflow.get_run(result.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["continues"] == read_run_id(interrupted)
    losses = mlflow.MlflowClient().get_metric_history(result.run_id, "train_loss")
    assert [point.step for point in losses] == result.history["epoch"].tolist()
    assert [point.value for point in losses] == result.history["loss"].tolist()


def test_nothing_is_left_to_go_on_from(result, interrupted, folder):
    assert not (interrupted / STATE_FOLDER).exists()
    assert not (result.output_dir / STATE_FOLDER).exists()
    assert look_for_more(folder).stretch.resume_from is None


def test_states_of_all_interruptions_go_with_the_run_that_ends(tmp_path):
    folders = [tmp_path / name for name in ("first", "second", "last")]
    for folder in folders:
        (folder / STATE_FOLDER).mkdir(parents=True)
    Continuation(Stretch(resume_from=folders[1]), earlier=tuple(folders[:2])).forget(folders[2])
    assert not list(tmp_path.rglob(STATE_FOLDER))
