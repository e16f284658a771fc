"""What a trial leaves that fails, in its folder and in MLflow."""

import errno
import math
import os
import re
import signal

import mlflow
import pandas as pd
import pytest
from keras_tuner.errors import FailedTrialError

from emotion_tl.config import ExperimentConfig, TrackingConfig
from emotion_tl.errors import TrainingDivergedError, WeightsError
from emotion_tl.own_process import call_in_own_process
from emotion_tl.tracking.parent_run import open_parent_run
from emotion_tl.training.record import TrainingResult
from emotion_tl.tuning.executors import TrialTask
from emotion_tl.tuning.search_folder import SearchFolder, TrialResult
from emotion_tl.tuning.trial import run_trial
from emotion_tl.tuning.trial_tuner import TrialTuner
from emotion_tl.tuning.worker import Assignment
from tests.tuning.searches import DROPOUT, SOURCE, compose_search, compose_trial, make_space


def killed_in_its_run(task: TrialTask) -> None:
    """Ends this process as the system does where memory runs out."""
    run_trial(task, lambda _: os.kill(os.getpid(), signal.SIGKILL))


class Killed:
    """Runs trials that do not survive."""

    def run(self, task: TrialTask) -> TrialResult:
        return call_in_own_process(killed_in_its_run, task)


class WithoutWeights:
    """Runs trials that fail before they have a run."""

    def run(self, task: TrialTask) -> TrialResult:
        raise WeightsError(f"There are no weights for {task.config.backbone.name}.")


class WithoutRoom:
    """Runs trials that find the disk full."""

    def run(self, _: TrialTask) -> TrialResult:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/full/cache")


@pytest.fixture
def tuner(tmp_path):
    config = compose_search(space=make_space(dropout=DROPOUT))
    config.tuner.max_trials = 4
    config.tracking = TrackingConfig(uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    parent = open_parent_run(config.tracking, config.data.name, "search", "key")

    def compose(overrides: list[str]) -> ExperimentConfig:
        experiment = compose_trial([], overrides)
        experiment.tracking = config.tracking
        return experiment

    return TrialTuner(Assignment(config, compose, SOURCE, SearchFolder(tmp_path / "search"), parent, None, 0))


def failed_run(tuner: TrialTuner, reason: str) -> mlflow.entities.Run:
    """Runs a trial that fails, and returns its MLflow run."""
    trial = tuner.oracle.create_trial("tuner0")
    with pytest.raises(FailedTrialError, match=reason):
        tuner.run_trial(trial)
    result = tuner.assignment.folder.read_result(trial.trial_id)
    assert result.status == "failed"
    assert re.search(reason, result.reason)
    return mlflow.get_run(result.run_id)


def is_child(run: mlflow.entities.Run, tuner: TrialTuner) -> bool:
    return run.data.tags["mlflow.parentRunId"] == tuner.assignment.parent_run_id


def test_a_trial_whose_own_process_is_killed_has_failed_in_mlflow_too(tuner):
    tuner.executor = Killed()
    run = failed_run(tuner, "runs out of memory")
    assert (run.info.status, run.info.run_name) == ("FAILED", "trial 0")
    assert "runs out of memory" in run.data.tags["reason"]
    assert is_child(run, tuner)


def test_a_trial_that_fails_before_its_run_has_one_that_says_why(tuner):
    tuner.executor = WithoutWeights()
    # Of an earlier start, which was killed; it is closed by itself.
    stale = tuner.assignment.folder.trial("0") / "mlflow_run.json"
    stale.parent.mkdir(parents=True)
    stale.write_text('{"run_id": "of an earlier start"}')
    run = failed_run(tuner, "There are no weights")
    assert (run.info.status, run.info.run_name) == ("FAILED", "trial 0")
    assert "head.dropout=" in run.data.tags["overrides"]
    assert is_child(run, tuner)


def test_what_the_system_refuses_a_trial_is_told_with_a_remedy(tuner):
    tuner.executor = WithoutRoom()
    failed_run(tuner, "^/full/cache: No space left on device. Make room there")


def test_a_trial_without_a_figure_has_failed(tuner, tmp_path):
    task = tuner.task("7", {"dropout": 0.3})
    nothing = TrainingResult(pd.DataFrame({"epoch": [1]}), None, math.nan, {})
    with pytest.raises(TrainingDivergedError, match="val_accuracy"):
        run_trial(task, lambda _: nothing)
