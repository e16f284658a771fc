import numpy as np
import pandas as pd
import pytest

from emotion_tl.tuning.importance import MIN_TRIALS, parameter_importances
from emotion_tl.tuning_config import ParameterConfig
from tests.tuning.searches import make_space, make_trials


def linear_trials(num_trials: int, noise: float = 0.0) -> pd.DataFrame:
    """Returns trials with value = 3 a + b: a has 90 % of the variance, b 10 %, c nothing."""
    generator = np.random.default_rng(0)
    columns = {name: generator.uniform(0, 1, num_trials) for name in "abc"}
    value = 3 * columns["a"] + columns["b"] + generator.normal(0, noise, num_trials)
    return pd.DataFrame({"number": np.arange(num_trials), "status": "finished", "value": value, **columns})


LINEAR = make_space(**{name: ParameterConfig(name, low=0.0, high=1.0) for name in "abc"})


def test_shares_of_the_variance_are_those_of_a_known_function():
    importances = parameter_importances(linear_trials(300), LINEAR)
    table = importances.table.set_index("parameter")
    assert list(table.index) == ["a", "b", "c"]
    assert table["importance"]["a"] == pytest.approx(0.9, abs=0.1)
    assert table["importance"]["b"] == pytest.approx(0.1, abs=0.05)
    assert table["importance"]["c"] == pytest.approx(0, abs=0.01)
    assert importances.explained > 0.95
    assert (table["spread"] > 0).all()


def test_what_matters_comes_first_in_a_search_of_usual_size():
    trials, space = make_trials(60, num_failed=5)
    importances = parameter_importances(trials, space)
    table = importances.table.set_index("parameter")["importance"]
    assert table.index[0] == "learning_rate"
    assert table.index[1] == "imbalance"
    assert table[["dropout", "units", "power"]].max() < table["imbalance"] / 2
    assert "55 trials" in importances.note


def test_a_range_that_is_sampled_in_logarithms_is_read_in_logarithms():
    generator = np.random.default_rng(0)
    rate = 10 ** generator.uniform(-6, 0, 200)
    frame = pd.DataFrame({"number": np.arange(200), "status": "finished", "value": np.log10(rate), "a": rate})
    frame["b"] = generator.uniform(0, 1, 200)
    space = make_space(
        a=ParameterConfig("a", low=1e-6, high=1.0, sampling="log"), b=ParameterConfig("b", low=0.0, high=1.0)
    )
    assert parameter_importances(frame, space).table["importance"][0] > 0.8


def test_being_there_speaks_for_the_parent_and_not_for_the_child():
    trials, space = make_trials(150)
    table = parameter_importances(trials, space).table.set_index("parameter")["importance"]
    assert abs(table["power"]) < 0.02 < table["imbalance"]


def test_too_few_trials_are_said_to_be_too_few():
    trials, space = make_trials(MIN_TRIALS + 2, num_failed=4)
    importances = parameter_importances(trials, space)
    assert importances.table.empty
    assert importances.note == f"Importance: needs {MIN_TRIALS} finished trials, {MIN_TRIALS - 2} are."


def test_noise_is_called_a_hint():
    trials = linear_trials(40)
    trials["value"] = np.random.default_rng(1).normal(size=40)
    importances = parameter_importances(trials, LINEAR)
    assert importances.explained < 0.1
    assert "no more than a hint" in importances.note


def test_trials_that_are_all_the_same_have_no_importance():
    trials = linear_trials(20)
    assert parameter_importances(trials.assign(value=0.5), LINEAR).table.empty
    assert parameter_importances(trials.assign(a=0.5, b=0.5, c=0.5), LINEAR).table.empty


def test_a_parameter_that_no_trial_had_is_left_out():
    table = parameter_importances(linear_trials(40).assign(c=np.nan), LINEAR).table
    assert set(table["parameter"]) == {"a", "b"}


def test_the_same_trials_give_the_same_importances():
    first, second = (parameter_importances(linear_trials(15, noise=0.1), LINEAR, seed=3).table for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
