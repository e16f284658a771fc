"""Probes from a configuration to an MLflow run, on a MobileNetV2 whose weights the test writes."""

import keras
import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient

from emotion_tl.analysis.best_probe import best_probe
from emotion_tl.command_config import ProbeConfig
from emotion_tl.config import BackboneConfig, TrackingConfig
from emotion_tl.errors import ModelNotFoundError
from emotion_tl.probing.probes import run_probes
from emotion_tl.probing.report import print_probes
from emotion_tl.tracking.runs import find_runs
from tests.models.networks import shared_network
from tests.runs import compose_config, tiny_overrides, write_faces


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("probes")
    experiment = compose_config(tiny_overrides(write_faces(folder / "faces", 20), folder))
    shared_network("mobilenetv2").save_weights(folder / "network.weights.h5")
    backbone = BackboneConfig(
        name="mobilenetv2", image_size=32, weights=str(folder / "network.weights.h5"), output_block="block_3_project_BN"
    )
    return ProbeConfig(
        weights_compared=["random", "pretrained"],
        num_train_images=30,
        num_bootstrap_resamples=50,
        cache_dir=experiment.cache_dir,
        output_dir=str(folder / "output"),
        data=experiment.data,
        backbone=backbone,
        trainer=experiment.trainer,
        tracking=experiment.tracking,
    )


@pytest.fixture(scope="module")
def result(config):
    return run_probes(config)


def test_every_block_up_to_the_output_block_is_probed(result):
    blocks = ["expanded_conv_project_BN", "block_1_project_BN", "block_2_add", "block_3_project_BN"]
    assert result.table["block"].tolist() == blocks * 2
    assert result.table["weights"].tolist() == ["pretrained"] * 4 + ["random"] * 4
    # A bar at one of three heights: even random features tell it.
    assert result.table["val_accuracy"].max() > 0.5
    written = pd.read_csv(result.output_dir / "probes.csv")
    pd.testing.assert_frame_equal(written, result.table)
    assert {path.name for path in result.output_dir.glob("probes.*")} == {"probes.csv", "probes.png"}


def test_run_in_mlflow_says_what_it_is_and_is_no_training(result, config):
    run = mlflow.get_run(result.run_id)
    assert run.info.status == "FINISHED"
    assert (run.data.tags["kind"], run.data.tags["backbone"]) == ("probe", "mobilenetv2")
    assert run.data.params["num_train_images"] == "30"
    assert run.data.params["backbone.output_block"] == "block_3_project_BN"
    best = best_probe(result.table)
    assert run.data.metrics["test_accuracy"] == pytest.approx(best["accuracy"])
    artifacts = {artifact.path for artifact in MlflowClient().list_artifacts(result.run_id)}
    assert {"probes.csv", "probes.png", "findings.txt"} <= artifacts
    with pytest.raises(ModelNotFoundError):
        find_runs(TrackingConfig(uri=config.tracking.uri), None, [])


@pytest.mark.slow
def test_same_command_gives_the_same_numbers(result, config):
    keras.backend.clear_session()
    pd.testing.assert_frame_equal(run_probes(config).table, result.table)


def test_best_block_and_folder_are_told(result, config, capsys):
    print_probes(result, config)
    told = capsys.readouterr().out
    assert all(sentence in told for sentence in result.findings)
    assert str(result.output_dir) in told
