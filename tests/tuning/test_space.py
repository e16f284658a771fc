import subprocess
import sys

import keras_tuner
import pytest

from emotion_tl.tuning.activity import active_parameters, in_order
from emotion_tl.tuning.overrides import trial_overrides
from emotion_tl.tuning.space import build_hyperparameters
from emotion_tl.tuning_config import ParameterConfig, SpaceConfig
from tests.runs import CONF, REPOSITORY
from tests.tuning.searches import (
    IMBALANCE,
    LEARNING_RATE,
    POWER,
    SPACES,
    UNITS,
    compose_search,
    compose_trial,
    make_space,
)

# c depends on b, which depends on a; d on two that do not depend on each other. Children are declared first.
NESTED = make_space(
    d=ParameterConfig("seed", choices=[1, 2], when={"a": [1], "e": [True]}),
    c=ParameterConfig("head.dropout", low=0.1, high=0.5, step=0.2, when={"b": [None]}),
    b=ParameterConfig("trainer.steps_per_execution", choices=[None, 4], when={"a": [2, 3]}),
    a=ParameterConfig("trainer.batch_size", low=None, choices=[1, 2, 3]),
    e=ParameterConfig("head.batch_norm", choices=[True, False]),
)


def oracle_of(
    space: SpaceConfig, kind: type = keras_tuner.oracles.RandomSearchOracle, folder: object = None, **options
):
    oracle = kind(
        objective=keras_tuner.Objective("val_accuracy", "max"), hyperparameters=build_hyperparameters(space), **options
    )
    oracle._set_project_dir(str(folder), "search")
    return oracle


def run_all(oracle, capsys, most: int = 100) -> list[dict]:
    """Ends each trial the oracle offers, and returns their values."""
    tried = []
    while len(tried) < most:
        trial = oracle.create_trial("tuner0")
        if trial.status == "STOPPED":
            break
        tried.append(dict(trial.hyperparameters.values))
        oracle.update_trial(trial.trial_id, {"val_accuracy": 0.1 * len(tried)})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
        capsys.readouterr()
    return tried


def test_parents_stand_before_what_depends_on_them():
    order = in_order(NESTED)
    assert order.index("a") < order.index("b") < order.index("c")
    assert max(order.index("a"), order.index("e")) < order.index("d")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"a": "1", "e": "true"}, {"a", "e", "d"}),
        ({"a": "1", "e": "false"}, {"a", "e"}),
        ({"a": "2", "b": "null", "e": "true"}, {"a", "b", "c", "e"}),
        # A value left over from elsewhere does not make its children exist.
        ({"a": "1", "b": "null", "e": "false"}, {"a", "e"}),
    ],
)
def test_a_parameter_is_there_when_all_its_conditions_hold(values, expected):
    assert set(active_parameters(NESTED, values)) == expected


def test_overrides_of_a_trial_leave_out_what_it_does_not_have():
    values = {"imbalance": "none", "power": 0.5, "units": "[512,256]", "tuner/epochs": 3}
    space = make_space(imbalance=IMBALANCE, power=POWER, units=UNITS)
    assert sorted(trial_overrides(space, values)) == ["head.units=[512,256]", "imbalance=none"]
    values["imbalance"] = "class_weight"
    assert "imbalance.power=0.5" in trial_overrides(space, values)


def test_kerastuner_gives_values_to_the_parameters_that_are_there_and_to_no_other(tmp_path, capsys):
    oracle = oracle_of(NESTED, folder=tmp_path, max_trials=30, seed=0)
    tried = run_all(oracle, capsys)
    assert len(tried) > 10
    for values in tried:
        assert set(values) == set(active_parameters(NESTED, values))
    assert {frozenset(values) for values in tried} == {
        frozenset(names) for names in ({"a", "e"}, {"a", "e", "d"}, {"a", "b", "e"}, {"a", "b", "c", "e"})
    }


def test_grid_tries_each_combination_once(tmp_path, capsys):
    space = compose_search("tuner=grid").tuner.space
    tried = run_all(oracle_of(space, keras_tuner.oracles.GridSearchOracle, tmp_path), capsys)
    trials = [tuple(trial_overrides(space, values)) for values in tried]
    assert len(trials) == len(set(trials)) == 11
    assert ("imbalance=logit_adjust", "imbalance.logit_adjustment_temperature=1.5") in trials


def test_ranges_stay_inside_their_ends(tmp_path, capsys):
    epochs = ParameterConfig("schedule.phases.frozen.epochs", low=1, high=4, integer=True)
    space = make_space(rate=LEARNING_RATE, epochs=epochs)
    for values in run_all(oracle_of(space, folder=tmp_path, max_trials=20, seed=0), capsys):
        assert 1e-4 <= values["rate"] <= 1e-2
        assert values["epochs"] in (1, 2, 3, 4)
        assert f"schedule.phases.frozen.epochs={values['epochs']}" in trial_overrides(space, values)


def test_the_way_to_a_worker_changes_no_override(tmp_path, capsys):
    for values in run_all(oracle_of(NESTED, folder=tmp_path, max_trials=10, seed=0), capsys):
        sent = build_hyperparameters(NESTED)
        sent.values = values
        received = keras_tuner.HyperParameters.from_proto(sent.to_proto())
        assert trial_overrides(NESTED, received.values) == trial_overrides(NESTED, values)


@pytest.mark.parametrize("name", SPACES)
def test_trials_of_each_shipped_space_compose(name, tmp_path, capsys):
    space = compose_search(f"tuner/space={name}").tuner.space
    for values in run_all(oracle_of(space, folder=tmp_path, max_trials=4, seed=1), capsys):
        config = compose_trial([f"tuner/space={name}"], trial_overrides(space, values))
        if "dropout" in values:
            assert config.head.dropout == pytest.approx(values["dropout"], rel=1e-5)


def test_each_tuner_and_space_says_its_own_name():
    for tuner in ("random", "bayesian", "hyperband", "grid"):
        assert compose_search(f"tuner={tuner}").tuner.name == tuner
        assert (CONF / "tuner" / f"{tuner}.yaml").is_file()
    for name in SPACES:
        assert compose_search(f"tuner/space={name}").tuner.space.name == name


def test_one_end_of_a_range_is_changed_and_a_parameter_left_out_on_the_command_line():
    parameters = compose_search("tuner.space.parameters.dropout.high=0.5").tuner.space.parameters
    assert parameters["dropout"].high == 0.5
    assert "dropout" not in compose_search("~tuner.space.parameters.dropout").tuner.space.parameters


def test_a_space_brings_its_schedule_and_an_explicit_one_wins():
    assert compose_search("tuner/space=head").schedule.name == "frozen_only"
    assert compose_search("tuner/space=fine_tuning", "schedule=gradual").schedule.name == "gradual"
    assert compose_search("tuner/space=backbones", "backbone=baseline_cnn").schedule.name == "from_scratch"


def test_checks_wait_for_neither_keras_nor_kerastuner():
    heavy = ("keras", "keras_tuner", "tensorflow", "sklearn", "pandas", "mlflow")
    code = (
        "import sys, emotion_tl.tuning.checks, emotion_tl.tuning.overrides, emotion_tl.tuning.head_space; "
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert done.stdout.strip() == "[]"
