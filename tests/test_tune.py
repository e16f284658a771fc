"""Searches, run as a user runs them: chief and workers in processes of their own, on loopback."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import mlflow
import pandas as pd
import pytest
import yaml

from tests.runs import CHECKOUT, children_of, start_emotion_tl, tiny_overrides, write_faces

PATIENCE_SECONDS = 400
SETTINGS = [
    *("tuner=random", "tuner.max_trials=4", "tune.name=heads", "tune.num_best=2"),
    *("backbone=simple_cnn", "backbone.image_size=24", "backbone.output_block=block2_pool"),
    *("schedule=frozen_only", "schedule.phases.frozen.epochs=2"),
]
HEADS = [*SETTINGS, "tuner/space=head"]
# With a setting that all trials have, and the settings outside of the space do not.
OWN_SPACE = """
defaults:
  - head
name: own
parameters:
  pooling:
    key: head.pooling
    choices: [max]
"""
OWN_FOLDER = "my own"
OWN_HEADS = [*SETTINGS, "tuner/space=own"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tune")
    write_faces(folder / "faces")
    space = folder / OWN_FOLDER / "tuner" / "space" / "own.yaml"
    space.parent.mkdir(parents=True)
    space.write_text(OWN_SPACE)
    return folder


def start(folder: Path, *overrides: str) -> subprocess.Popen[str]:
    own = ["--config-dir", OWN_FOLDER] if (folder / OWN_FOLDER).is_dir() else []
    return start_emotion_tl(folder, "tune", *own, *tiny_overrides(folder / "faces", folder), *overrides)


def tune(folder: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    process = start(folder, *overrides)
    told, errors = process.communicate(timeout=PATIENCE_SECONDS)
    return subprocess.CompletedProcess(process.args, process.returncode, told, errors)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def runs_below(folder: Path, name: str) -> tuple[mlflow.entities.Run, list[mlflow.entities.Run]]:
    """Returns the run of a search, and those of its trials."""
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    runs = mlflow.search_runs(search_all_experiments=True, output_format="list")
    (parent,) = (run for run in runs if run.info.run_name == name)
    return parent, [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]


@pytest.fixture(scope="module")
def search(folder):
    """Four heads with two workers, over a space of the user's."""
    done = tune(folder, *OWN_HEADS, "tune.num_workers=2")
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def trials(search, folder):
    return pd.read_csv(folder / "outputs" / "tune" / "heads" / "trials.csv", dtype={"trial_id": str})


def test_all_trials_end_with_a_figure_on_val(trials):
    assert trials["status"].tolist() == ["finished"] * 4
    assert trials["value"].between(0, 1).all()
    assert trials["learning_rate"].nunique() == 4


def test_both_workers_have_run_trials(search, folder):
    logs = (folder / "outputs" / "tune" / "heads" / "workers").glob("*.log")
    trials = {log.stem: set(re.findall(r"Trial (\d+)", log.read_text())) for log in logs}
    assert trials.keys() == {"worker0", "worker1"}
    assert all(trials.values())
    assert set.union(*trials.values()) == {"0", "1", "2", "3"}
    assert not set.intersection(*trials.values())


def test_terminal_tells_of_each_trial_and_the_best(search):
    for number in range(4):
        assert f"trial {number}: " in search.stderr
    assert "Best 4 of 4 finished trials by val_accuracy" in search.stdout
    assert "experiment=heads" in search.stderr
    assert "Traceback" not in search.stderr


def test_mlflow_has_a_run_a_trial_with_what_was_searched(search, folder, trials):
    parent, children = runs_below(folder, "heads")
    assert parent.info.status == "FINISHED"
    assert parent.data.metrics["best_val_accuracy"] == pytest.approx(trials["value"].max(), abs=1e-6)
    assert {run.info.status for run in children} == {"FINISHED"}
    values = dict(zip(trials["run_id"], trials["value"], strict=True))
    for run in children:
        assert run.data.metrics["best_val_accuracy"] == pytest.approx(values[run.info.run_id])
        assert {"head.units", "head.dropout", "schedule.phases.frozen.learning_rate"} <= set(run.data.params)
        assert "seed" not in run.data.params
        curve = mlflow.MlflowClient().get_metric_history(run.info.run_id, "val_accuracy")
        assert [point.step for point in curve] == [1, 2]


def test_nothing_of_a_search_was_measured_on_test(search, folder):
    _, children = runs_below(folder, "heads")
    assert not [key for run in children for key in run.data.metrics if key.startswith("test")]


def test_weights_of_the_best_trials_alone_are_kept(trials, folder):
    best = trials.sort_values(["value", "number"], ascending=[False, True]).head(2)
    kept = {file.parent.name for file in (folder / "outputs/tune/heads/trials").rglob("best.weights.h5")}
    assert len(kept) == 2
    assert trials.set_index("trial_id").loc[sorted(kept), "value"].min() >= best["value"].min()


def test_best_trial_is_an_experiment_that_can_be_run(trials, folder):
    best = trials.sort_values(["value", "number"], ascending=[False, True]).iloc[0]
    search = folder / "outputs" / "tune" / "heads"
    written = yaml.safe_load((search / "trials" / best["trial_id"] / "config.yaml").read_text())
    arguments = ["--config-dir", str(search / "conf"), "+experiment=heads", "--cfg", "job"]
    command = [sys.executable, "-m", "emotion_tl", *arguments]
    shown = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=True,
    )
    composed = yaml.safe_load(shown.stdout)
    for section in ("data", "head", "schedule", "imbalance", "backbone"):
        # What the YAML leaves out has the default that the configuration of the trial spells out.
        assert written[section] | composed[section] == written[section]


def test_search_goes_on_where_it_ended(search, trials, folder):
    again = tune(folder, *OWN_HEADS, "tuner.max_trials=5", f"cache_dir={folder / 'another cache'}")
    assert again.returncode == 0, again.stderr
    extended = pd.read_csv(folder / "outputs" / "tune" / "heads" / "trials.csv", dtype={"trial_id": str})
    pd.testing.assert_frame_equal(extended.head(4)[["run_id", "value"]], trials[["run_id", "value"]])
    assert len(extended) == 5
    _, children = runs_below(folder, "heads")
    assert len(children) == 5


def test_another_search_of_that_name_is_refused(search, folder):
    other = tune(folder, *OWN_HEADS, "trainer.batch_size=8")
    assert other.returncode == 1
    assert "tune.name" in other.stderr
    assert "trainer.batch_size=16, received 8" in other.stderr
    assert "Traceback" not in other.stderr


@pytest.mark.fault
def test_interrupted_search_tells_what_it_found(folder):
    many = [*HEADS, "tune.name=interrupted", "tuner.max_trials=200"]
    process = start(folder, *many)
    search = folder / "outputs" / "tune" / "interrupted"
    wait_until(lambda: len(list(search.glob("trials/*/result.json"))) >= 3)
    second = tune(folder, *many)
    assert second.returncode == 1
    assert "under way in another process" in second.stderr
    os.kill(process.pid, signal.SIGINT)
    told, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130, errors
    assert "finished trials by val_accuracy" in told
    assert "experiment=interrupted" in errors
    assert "goes on from there" in errors
    assert "Traceback" not in errors
    finished = pd.read_csv(search / "trials.csv").query("status == 'finished'")
    assert 3 <= len(finished) < 200
    assert (search / "conf" / "experiment" / "interrupted.yaml").is_file()
    parent, children = runs_below(folder, "interrupted")
    assert parent.info.status == "KILLED"
    assert "RUNNING" not in {run.info.status for run in children}


@pytest.mark.slow
def test_search_in_which_nothing_finished_has_failed(folder):
    diverging = ["tuner.max_trials=1", "schedule.phases.frozen.learning_rate=1e30"]
    space = ["~tuner.space.parameters.learning_rate", "tune.name=nothing"]
    done = tune(folder, *HEADS, *diverging, *space)
    assert done.returncode == 1, done.stderr
    parent, (child,) = runs_below(folder, "nothing")
    assert (parent.info.status, child.info.status) == ("FAILED", "FAILED")
    assert child.data.tags["reason"]


@pytest.mark.slow
def test_hyperband_continues_its_trials_and_the_best_is_retrained(folder):
    space = [
        *("tuner=hyperband", "tuner/space=fine_tuning", "tuner.max_epochs=2", "tuner.factor=2", "tune.name=budget"),
        "tuner.space.parameters.trainable_blocks.choices=[1,null]",
        "tuner.space.parameters.layer_decay.when.trainable_blocks=[null]",
        *("backbone=simple_cnn", "backbone.image_size=24", "backbone.output_block=block2_pool", "head=mlp"),
        *("schedule=frozen_then_unfrozen", "schedule.phases.frozen.epochs=1", "tune.retrain=true"),
    ]
    done = tune(folder, *space)
    assert done.returncode == 0, done.stderr
    search = folder / "outputs" / "tune" / "budget"
    continued = []
    for file in sorted((search / "oracle").glob("trial_*/trial.json")):
        values = json.loads(file.read_text())["hyperparameters"]["values"]
        if "tuner/trial_id" in values:
            trial_id = file.parent.name.removeprefix("trial_")
            first, second = (
                pd.read_csv(search / "trials" / name / "history.csv") for name in (values["tuner/trial_id"], trial_id)
            )
            pd.testing.assert_frame_equal(second.head(len(first)).drop(columns="best"), first.drop(columns="best"))
            assert len(second) == len(first) + values["tuner/epochs"] - values["tuner/initial_epoch"]
            continued.append(trial_id)
    assert continued
    (retrained,) = (search / "retrained").glob("*/metrics.json")
    assert "test" in json.loads(retrained.read_text())
    assert not list((search / "trials").rglob("*.npz"))
    assert "finished before" in tune(folder, *space).stderr


@pytest.mark.fault
def test_killed_search_goes_on_without_repeating_a_trial(tmp_path):
    write_faces(tmp_path / "faces")
    many = [*HEADS, "tuner.max_trials=12"]
    process = start(tmp_path, *many)
    results = tmp_path / "outputs" / "tune" / "heads" / "trials"
    wait_until(lambda: len(list(results.glob("*/result.json"))) >= 3)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    before = {file.parent.name: file.read_text() for file in results.glob("*/result.json")}
    done = tune(tmp_path, *many)
    assert done.returncode == 0, done.stderr
    trials = pd.read_csv(results.parent / "trials.csv", dtype={"trial_id": str})
    assert trials["status"].tolist() == ["finished"] * 12
    # At most the trial whose end had not reached the oracle is tried again.
    changed = [name for name, text in before.items() if (results / name / "result.json").read_text() != text]
    assert len(changed) <= 1
    _, children = runs_below(tmp_path, "heads")
    assert "RUNNING" not in {run.info.status for run in children}


@pytest.mark.fault
def test_trial_whose_worker_is_killed_fails_and_the_others_go_on(tmp_path):
    write_faces(tmp_path / "faces")
    process = start(tmp_path, *HEADS, "schedule.phases.frozen.epochs=300", "tuner.max_trials=2")
    first = tmp_path / "outputs" / "tune" / "heads" / "trials" / "0" / "mlflow_run.json"
    wait_until(first.exists)
    (worker,) = children_of(process.pid)
    os.kill(worker, signal.SIGKILL)
    told, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, errors
    assert "ended without a word" in told
    _, children = runs_below(tmp_path, "heads")
    assert sorted(run.info.status for run in children) == ["FAILED", "FINISHED"]
