from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import keras_tuner
import pytest

from emotion_tl.tuning.oracles import build_oracle
from emotion_tl.tuning.space import build_hyperparameters
from emotion_tl.tuning_config import TunerConfig
from tests.tuning.searches import DROPOUT, IMBALANCE, LEARNING_RATE, POWER, UNITS, compose_search, make_space

OBJECTIVE = "val_accuracy"
MIXED = make_space(imbalance=IMBALANCE, power=POWER, dropout=DROPOUT, rate=LEARNING_RATE, units=UNITS)
RANGES = make_space(dropout=DROPOUT, rate=LEARNING_RATE)
CHOICES = compose_search("tuner/space=imbalance").tuner.space
NUM_COMBINATIONS = 11
SEARCHES = {
    "random": TunerConfig("random", max_trials=8, space=MIXED),
    "bayesian": TunerConfig("bayesian", max_trials=6, num_initial_points=4, space=RANGES),
    "hyperband": TunerConfig("hyperband", max_epochs=4, factor=2, space=MIXED),
    "grid": TunerConfig("grid", space=CHOICES),
}
Values = dict[str, Any]


def never(_: Values) -> bool:
    return False


def open_oracle(config: TunerConfig, folder: Path) -> keras_tuner.Oracle:
    """Returns an oracle that goes on from what a folder holds, as KerasTuner's tuner opens it."""
    oracle = build_oracle(config, build_hyperparameters(config.space), OBJECTIVE)
    oracle.verbose = 0
    oracle._set_project_dir(str(folder), "search")
    if (folder / "search" / "oracle.json").exists():
        oracle.reload()
    oracle.save()
    return oracle


def score(values: Values) -> float:
    """Returns a score that rises with the learning rate, and with the epochs."""
    return float(values.get("rate", 0.001)) * 50 + 0.01 * values.get("tuner/epochs", 1) + 0.1 * (len(values) % 3)


def end(oracle: keras_tuner.Oracle, trial: keras_tuner.engine.trial.Trial, status: str = "COMPLETED") -> None:
    if status == "COMPLETED":
        oracle.update_trial(trial.trial_id, {OBJECTIVE: score(trial.hyperparameters.values)})
    trial.status = status
    oracle.end_trial(trial)


def go_on(oracle: keras_tuner.Oracle, most: int = 100, fails: Callable[[Values], bool] = never) -> int:
    """Runs trials one after the other until there is none, and returns how many there were."""
    for number in range(most):
        trial = oracle.create_trial("worker0")
        if trial.status == "STOPPED":
            return number
        end(oracle, trial, "FAILED" if fails(trial.hyperparameters.values) else "COMPLETED")
    return most


def tried(oracle: keras_tuner.Oracle) -> list[Values]:
    """Returns the values of all trials in the order of their start."""
    return [dict(oracle.trials[trial_id].hyperparameters.values) for trial_id in oracle.start_order]


def combinations_of(oracle: keras_tuner.Oracle) -> set[tuple]:
    return {tuple(sorted(values.items())) for values in tried(oracle)}


@cache
def in_one_go(name: str, folder: Path) -> list[Values]:
    oracle = open_oracle(SEARCHES[name], folder / name)
    go_on(oracle)
    return tried(oracle)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("in_one_go")


@pytest.mark.parametrize(
    ("name", "num_ended"), [*product(("random", "hyperband", "grid"), (0, 1, 5)), ("bayesian", 4), ("bayesian", 5)]
)
def test_a_search_killed_in_a_trial_goes_on_to_what_one_go_gives(name, num_ended, folder, tmp_path):
    killed = open_oracle(SEARCHES[name], tmp_path)
    go_on(killed, num_ended)
    killed.create_trial("worker0")

    oracle = open_oracle(SEARCHES[name], tmp_path)
    num_left = go_on(oracle)

    assert tried(oracle) == in_one_go(name, folder)
    assert num_ended + num_left == len(oracle.trials) == (oracle.count_trials() or NUM_COMBINATIONS)
    assert sorted(oracle.end_order) == sorted(oracle.start_order)
    assert {trial.status for trial in oracle.trials.values()} == {"COMPLETED"}


@pytest.mark.parametrize("moment", ["picked", "ended"])
@pytest.mark.parametrize("name", ["random", "hyperband", "grid"])
def test_a_kill_between_the_file_of_a_trial_and_that_of_the_oracle_loses_nothing(name, moment, folder, tmp_path):
    killed = open_oracle(SEARCHES[name], tmp_path)
    go_on(killed, 4)
    file = tmp_path / "search" / "oracle.json"
    before = file.read_text()
    trial = killed.create_trial("worker0")
    if moment == "ended":
        before = file.read_text()
        end(killed, trial)
    file.write_text(before)

    oracle = open_oracle(SEARCHES[name], tmp_path)
    num_left = go_on(oracle)

    assert tried(oracle) == in_one_go(name, folder)
    assert num_left == len(oracle.trials) - (5 if moment == "ended" else 4)
    assert sorted(oracle.end_order) == sorted(oracle.start_order)


@pytest.mark.parametrize(("name", "space"), [("random", MIXED), ("bayesian", RANGES), ("grid", CHOICES)])
def test_a_search_with_more_trials_goes_on_to_what_one_go_gives(name, space, tmp_path):
    def search(max_trials: int, folder: str) -> keras_tuner.Oracle:
        config = TunerConfig(name, max_trials=max_trials, num_initial_points=9, space=space)
        return open_oracle(config, tmp_path / folder)

    assert go_on(search(5, "extended")) == 5
    # The ids get a digit more from 10 trials on.
    extended, whole = search(10, "extended"), search(10, "whole")
    assert go_on(extended) == 5
    assert go_on(whole) == 10
    assert tried(extended) == tried(whole)
    assert len(combinations_of(extended)) == 10


@pytest.mark.parametrize("num_ended", range(NUM_COMBINATIONS + 1))
def test_a_grid_killed_with_several_workers_tries_each_combination_once(num_ended, tmp_path):
    killed = open_oracle(SEARCHES["grid"], tmp_path)
    running: list = []
    for number in range(num_ended):
        while len(running) < 3 and (trial := killed.create_trial(f"worker{number}-{len(running)}")).status == "RUNNING":
            running.append(trial)
        # Not the one that has run longest.
        end(killed, running.pop(number % len(running)))

    oracle = open_oracle(SEARCHES["grid"], tmp_path)
    assert go_on(oracle) == NUM_COMBINATIONS - num_ended
    assert len(combinations_of(oracle)) == len(oracle.trials) == NUM_COMBINATIONS


def test_a_grid_over_steps_goes_on(tmp_path):
    space = make_space(rate=replace(LEARNING_RATE, step=10.0), dropout=replace(DROPOUT, high=0.5, step=0.1))
    config = TunerConfig("grid", space=space)
    go_on(open_oracle(config, tmp_path), 9)
    oracle = open_oracle(config, tmp_path)
    go_on(oracle)
    assert len(combinations_of(oracle)) == len(oracle.trials) == 3 * 6
    assert {round(values["dropout"], 9) for values in tried(oracle)} == {0.0, 0.1, 0.2, 0.3, 0.4, 0.5}


@pytest.mark.parametrize("name", ["random", "bayesian", "hyperband"])
def test_seed_0_is_a_seed(name, folder, tmp_path):
    oracle = open_oracle(SEARCHES[name], tmp_path)
    go_on(oracle)
    assert tried(oracle) == in_one_go(name, folder)


def test_another_seed_draws_other_trials(tmp_path):
    first, second = (
        open_oracle(TunerConfig("random", max_trials=3, seed=seed, space=MIXED), tmp_path / str(seed))
        for seed in (0, 1)
    )
    go_on(first)
    go_on(second)
    assert not combinations_of(first) & combinations_of(second)


@pytest.mark.parametrize("name", ["random", "bayesian"])
def test_a_space_of_choices_is_tried_to_its_end_without_repeating_any(name, tmp_path):
    oracle = open_oracle(TunerConfig(name, max_trials=14, num_initial_points=8, space=CHOICES), tmp_path)
    assert go_on(oracle) == NUM_COMBINATIONS
    assert len(combinations_of(oracle)) == NUM_COMBINATIONS


@pytest.mark.parametrize("name", ["random", "hyperband", "grid"])
def test_failed_trials_are_tried_again_by_the_next_start_and_once_by_each(name, folder, tmp_path):
    def fails(values: Values) -> bool:
        return values["imbalance"] != "none"

    in_total = len(in_one_go(name, folder))
    first = open_oracle(SEARCHES[name], tmp_path)
    num_first = go_on(first, fails=fails)
    failed = [trial.trial_id for trial in first.trials.values() if trial.status == "FAILED"]
    assert failed

    still_failing = open_oracle(SEARCHES[name], tmp_path)
    assert go_on(still_failing, fails=fails) == len(failed)
    assert sorted(still_failing.end_order) == sorted(first.end_order)
    assert [trial_id for trial_id in failed if still_failing.trials[trial_id].status == "FAILED"] == failed

    mended = open_oracle(SEARCHES[name], tmp_path)
    num_mended = go_on(mended)
    # Hyperband could continue no trials of a round of which some had failed.
    assert num_mended == len(failed) + in_total - num_first
    assert len(mended.end_order) == len(mended.trials) == in_total
    assert {trial.status for trial in mended.trials.values()} == {"COMPLETED"}


def test_the_score_of_another_try_is_its_own(tmp_path):
    diverged = open_oracle(SEARCHES["random"], tmp_path)
    trial = diverged.create_trial("worker0")
    diverged.update_trial(trial.trial_id, {OBJECTIVE: float("nan")})
    trial.status = "COMPLETED"
    diverged.end_trial(trial)
    assert diverged.trials[trial.trial_id].status == "FAILED"

    oracle = open_oracle(SEARCHES["random"], tmp_path)
    go_on(oracle, 1)
    again = oracle.trials[trial.trial_id]
    assert again.score == pytest.approx(score(again.hyperparameters.values))
