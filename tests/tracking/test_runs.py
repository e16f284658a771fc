"""What a run leaves in MLflow, read back."""

import mlflow
import pytest
from mlflow import MlflowClient

from emotion_tl.config import TrackingConfig
from emotion_tl.tracking.run import track_run
from emotion_tl.tracking.runs import read_summary

EPOCHS = [{"epoch": 1, "val_accuracy": 0.4}, {"epoch": 2, "val_accuracy": 0.6}, {"epoch": 3, "val_accuracy": 0.5}]


@pytest.fixture(scope="module")
def tracking(tmp_path_factory):
    return TrackingConfig(uri=f"sqlite:///{tmp_path_factory.mktemp('runs') / 'mlflow.db'}")


def test_figures_are_those_of_the_best_epoch_and_not_of_the_last(tracking, tmp_path):
    with track_run(tracking, "faces", "name", tmp_path) as run:
        for row in EPOCHS:
            run.log_epoch(row)
        run.log_metrics({"val_accuracy": 0.6, "test_accuracy": 0.55})
    summary = read_summary(tracking, run.run_id)
    assert summary.metrics == {"val_accuracy": 0.6, "test_accuracy": 0.55}
    # What the UI shows.
    assert mlflow.get_run(run.run_id).data.metrics["val_accuracy"] == 0.6
    curve = MlflowClient().get_metric_history(run.run_id, "val_accuracy")
    assert [point.value for point in curve if point.step < 3] == [0.4, 0.6]


def test_figures_that_were_logged_before_the_epochs_are_found(tracking, tmp_path):
    with track_run(tracking, "faces", "name", tmp_path) as run:
        for row in EPOCHS:
            run.log_epoch(row)
        mlflow.log_metric("val_accuracy", 0.6, step=0)
    assert mlflow.get_run(run.run_id).data.metrics["val_accuracy"] == 0.5
    assert read_summary(tracking, run.run_id).metrics["val_accuracy"] == 0.6


def test_summary_knows_the_images_of_a_run(tracking, tmp_path):
    with track_run(tracking, "faces", "name", tmp_path) as run:
        assert read_summary(tracking, run.run_id).dataset_fingerprint is None
        run.log_tags({"dataset_fingerprint": "abc"})
    assert read_summary(tracking, run.run_id).dataset_fingerprint == "abc"


def test_summary_knows_how_long_a_run_took(tracking, tmp_path):
    with track_run(tracking, "faces", "name", tmp_path) as run:
        assert read_summary(tracking, run.run_id).total_seconds is None
    assert 0 <= read_summary(tracking, run.run_id).total_seconds < 60
