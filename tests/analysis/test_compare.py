"""The runs of a study as they are selected for a comparison."""

import pytest
from mlflow import MlflowClient

from emotion_tl.analysis.compare import compare_and_report, select_study
from emotion_tl.command_config import CompareConfig
from emotion_tl.config import TrackingConfig
from emotion_tl.errors import ModelNotFoundError
from emotion_tl.studies.record import StudyRow, StudyRuns, write_study
from emotion_tl.sweeps.outcome import FINISHED, JobOutcome
from emotion_tl.tracking.parent_run import close_parent_run, open_parent_run
from tests.analysis.simulated_runs import log_run, store

# As `mlflow gc` leaves it: an id of which the store knows nothing.
COLLECTED = "0" * 32


def log_study(folder, runs: list[tuple[str, int, str]]) -> CompareConfig:
    """Logs a study of (arm, seed, run id) and returns the settings that compare it."""
    tracking = TrackingConfig(uri=store(folder))
    parent = open_parent_run(tracking, "simulated", "tiny", "key", {"study": "tiny"})
    rows = [
        StudyRow(arm, seed, {}, JobOutcome(number, [], FINISHED, run_id=run_id))
        for number, (arm, seed, run_id) in enumerate(runs)
    ]
    write_study(StudyRuns("tiny", "scratch", parent, rows))
    close_parent_run(parent, "FINISHED", {})
    return CompareConfig(
        study_name="tiny", num_bootstrap_resamples=50, output_dir=str(folder / "report"), tracking=tracking
    )


def test_runs_of_a_study_that_were_deleted_since_are_left_out_with_a_warning(tmp_path):
    kept, deleted = (log_run(tmp_path, ["backbone=inceptionv3", f"seed={seed}"], 0.7) for seed in (0, 1))
    scratch = log_run(tmp_path, ["backbone=baseline_cnn"], 0.6)
    MlflowClient().delete_run(deleted)
    config = log_study(
        tmp_path, [("transfer", 0, kept), ("transfer", 1, deleted), ("scratch", 0, scratch), ("scratch", 1, COLLECTED)]
    )
    comparison = compare_and_report(config)
    assert {result.name: result.model.seeds for result in comparison.results} == {"transfer": (0,), "scratch": (0,)}
    assert comparison.warnings == (
        f"transfer, seed 1, is left out: its run {deleted} was deleted.",
        f"scratch, seed 1, is left out: its run {COLLECTED} was deleted.",
    )


def test_a_study_of_which_every_run_was_deleted_has_no_finished_run(tmp_path):
    config = log_study(tmp_path, [("transfer", 0, COLLECTED)])
    with pytest.raises(ModelNotFoundError, match="study_name: expected finished runs in the study tiny"):
        select_study(config, "tiny")
