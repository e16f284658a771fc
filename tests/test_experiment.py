"""One experiment from configuration to finished run, for real."""

import json

import keras
import mlflow
import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import accuracy_score

from emotion_tl.config import to_plain
from emotion_tl.data.dataset import load_dataset
from emotion_tl.errors import ConfigurationError, TrainingDivergedError
from emotion_tl.experiment import run_experiment
from emotion_tl.inference.model_file import load_model
from emotion_tl.tracking import running
from emotion_tl.training import trainer
from tests.runs import BASELINE, CLASSES, TWO_EPOCHS, compose_config, tiny_overrides, write_faces

TWO_PHASES = [
    "schedule=frozen_then_unfrozen",
    "head=mlp",
    "schedule.phases.frozen.epochs=1",
    "schedule.phases.unfrozen.epochs=2",
    "schedule.phases.unfrozen.learning_rate=1e-3",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("experiment")
    write_faces(folder / "faces")
    return folder


@pytest.fixture(scope="module")
def config(folder):
    return compose_config([*tiny_overrides(folder / "faces", folder), *BASELINE, *TWO_PHASES])


@pytest.fixture(scope="module")
def result(config, folder):
    return run_experiment(config, folder / "run")


@pytest.fixture(scope="module")
def run(result):
    return mlflow.get_run(result.run_id)


def test_leaves_all_files(result):
    names = {path.relative_to(result.output_dir).as_posix() for path in result.output_dir.rglob("*.*")}
    figures = ["learning_curves", "confusion_matrix", "reliability", "f1_per_class", "surest_mistakes"]
    assert names >= {
        "metrics.json",
        "config.yaml",
        "history.csv",
        "predictions.parquet",
        "model.keras",
        "rejected_images.csv",
        "audit.json",
        "figures/class_distribution.png",
        *(f"figures/{name}.png" for name in figures),
        "figures/explanations.png",
        "figures/mean_activation_maps.png",
    }
    assert not [name for name in names if "partial" in name]
    pd.testing.assert_frame_equal(pd.read_csv(result.output_dir / "history.csv"), result.history)


def test_says_what_the_model_costs(run, result):
    metrics = run.data.metrics
    assert 0 < metrics["batch_latency_milliseconds"] < metrics["latency_milliseconds"]
    assert metrics["model_megabytes"] == (result.output_dir / "model.keras").stat().st_size / 1e6


def test_metrics_follow_from_the_predictions(result):
    predictions = pd.read_parquet(result.output_dir / "predictions.parquet")
    metrics = json.loads((result.output_dir / "metrics.json").read_text())
    for split in ("val", "test"):
        table = predictions[predictions["split"] == split]
        expected = accuracy_score(table["label"], table["predicted"])
        assert metrics[split]["official"]["accuracy"] == pytest.approx(expected)
        assert metrics[split]["official"]["num_images"] == len(table)


def test_saved_model_gives_the_saved_predictions_with_plain_keras(result, config, folder):
    dataset = load_dataset(config.data, folder / "cache")
    model = keras.models.load_model(result.output_dir / "model.keras", safe_mode=True)
    images = dataset.test.read(np.arange(len(dataset.test)))
    assert images.dtype == np.uint8
    table = result.predictions[result.predictions["split"] == "test"].set_index("image").loc[dataset.test.image_ids]
    expected = table[[f"probability_{name}" for name in CLASSES]].to_numpy()
    np.testing.assert_allclose(model.predict(images, verbose=0), expected, atol=1e-5)
    assert load_model(result.output_dir / "model.keras")[1].class_names == CLASSES


def test_config_file_is_the_whole_configuration(result, config):
    assert yaml.safe_load((result.output_dir / "config.yaml").read_text()) == to_plain(config)


def test_run_can_be_compared_in_mlflow(run, result, config):
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "baseline_cnn-block2_pool-frozen_then_unfrozen-seed0"
    assert run.data.params["schedule.phases.unfrozen.learning_rate"] == "0.001"
    assert run.data.params["backbone.output_block"] == "block2_pool"
    tags = run.data.tags
    assert (tags["backbone"], tags["pretrained"], tags["seed"], tags["num_phases"]) == ("baseline_cnn", "no", "0", "2")
    assert tags["phases"] == "frozen 1, unfrozen 2"
    assert tags["dataset"] == "bars"
    assert tags["git_commit"]
    assert run.data.metrics["test_accuracy"] == result.metrics["test"]["official"]["accuracy"]
    assert run.data.metrics["test_accuracy_low"] <= run.data.metrics["test_accuracy"]


def test_metrics_stand_on_one_continuing_step_axis(run, result):
    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "val_accuracy")
    # The figure of the whole run stands at the last epoch, where MLflow takes the latest value from.
    assert [metric.step for metric in history] == [1, 2, 3, 3]
    assert run.data.metrics["val_accuracy"] == result.metrics["val"]["official"]["accuracy"]


def test_dataset_is_logged_with_its_fingerprint(run, result, config, folder):
    logged = run.inputs.dataset_inputs[0].dataset
    fingerprint = load_dataset(config.data, folder / "cache").fingerprint
    assert (logged.name, logged.digest) == ("bars", fingerprint[:36])
    assert json.loads(logged.profile)["train"].keys() == set(CLASSES)
    assert run.data.tags["dataset_fingerprint"] == fingerprint


def test_figures_and_config_are_artifacts(run):
    client = mlflow.MlflowClient()
    paths = {entry.path for entry in client.list_artifacts(run.info.run_id)}
    assert {"config.yaml", "metrics.json", "history.csv", "predictions.parquet", "audit.json", "figures"} <= paths
    assert len(client.list_artifacts(run.info.run_id, "figures")) == 8


def test_logged_model_predicts_its_input_example(run):
    model = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
    example = model.input_example
    assert np.asarray(example).dtype == np.uint8
    np.testing.assert_allclose(model.predict(example).sum(axis=1), 1, atol=1e-5)
    assert model.metadata.metadata["class_names"] == list(CLASSES)


def test_same_config_gives_the_same_numbers(config, result, folder):
    again = run_experiment(config, folder / "again")
    pd.testing.assert_frame_equal(again.predictions, result.predictions)
    timings = ["images_per_second", "seconds"]
    pd.testing.assert_frame_equal(again.history.drop(columns=timings), result.history.drop(columns=timings))


def test_interrupted_run_is_killed_and_keeps_what_it_has(config, folder, monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    # The second phase is interrupted, as by Ctrl-C; the first has run for real by then.
    monkeypatch.setattr(trainer, "fit_phase", phases_then(interrupt, num_phases=1))
    with pytest.raises(KeyboardInterrupt):
        run_experiment(config, folder / "interrupted")
    run = latest_run()
    assert run.info.status == "KILLED"
    assert len(pd.read_csv(folder / "interrupted" / "history.csv")) == 1
    assert (folder / "interrupted" / "best.weights.h5").exists()
    assert "history.csv" in {entry.path for entry in mlflow.MlflowClient().list_artifacts(run.info.run_id)}


def test_folder_of_a_run_that_is_under_way_is_left_as_it_is(config, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "CLOSING_SECONDS", 0.1)
    with running.mark_as_running(tmp_path), pytest.raises(ConfigurationError, match="another run is under way"):
        run_experiment(config, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [running.LOCK_FILE]


def test_diverged_run_is_failed_with_the_reason(config, folder):
    overrides = [*BASELINE, *TWO_EPOCHS, "schedule.phases.from_scratch.optimizer=sgd"]
    diverging = compose_config([*tiny_overrides(folder / "faces", folder), *overrides])
    diverging.schedule.phases["from_scratch"].learning_rate = 1e30
    with pytest.raises(TrainingDivergedError, match=r"phase from_scratch, epoch 1.*learning_rate"):
        run_experiment(diverging, folder / "diverged")
    run = latest_run()
    assert run.info.status == "FAILED"
    assert "diverged in phase from_scratch" in run.data.tags["reason"]


def test_fallback_on_random_weights_is_said(folder, caplog):
    fallback = compose_config(
        [
            *tiny_overrides(folder / "faces", folder),
            "backbone=mobilenetv2",
            "backbone.image_size=32",
            "backbone.output_block=block_1_project_BN",
            f"backbone.weights={folder / 'missing.weights.h5'}",
            "backbone.allow_random_weights=true",
            "schedule=frozen_only",
            "schedule.phases.frozen.epochs=1",
            "tracking.log_model=false",
        ]
    )
    with caplog.at_level("WARNING", logger="emotion_tl"):
        result = run_experiment(fallback, folder / "fallback")
    assert "RANDOM weights" in caplog.text
    tags = mlflow.get_run(result.run_id).data.tags
    assert (tags["weights"], tags["pretrained"]) == ("random (fallback)", "no")


def phases_then(action, num_phases: int):
    real, count = trainer.fit_phase, iter(range(1000))

    def fit_phase(*arguments, **options):
        return real(*arguments, **options) if next(count) < num_phases else action()

    return fit_phase


def latest_run():
    return mlflow.search_runs(order_by=["start_time DESC"], output_format="list", search_all_experiments=True)[0]
