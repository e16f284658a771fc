from itertools import product

from emotion_tl.tuning.activity import active_parameters
from emotion_tl.tuning.combinations import corner_values, corners
from tests.tuning.searches import DROPOUT, IMBALANCE, POWER, UNITS, make_space


def test_corners_have_each_value_and_each_pair_that_can_come_up():
    space = make_space(imbalance=IMBALANCE, power=POWER, dropout=DROPOUT, units=UNITS)
    trials = list(corners(space))
    assert all(list(trial) == active_parameters(space, trial) for trial in trials)
    assert len({tuple(trial.items()) for trial in trials}) == len(trials)
    for first, second in (("power", "dropout"), ("units", "dropout"), ("units", "imbalance")):
        for value, other in product(corner_values(space.parameters[first]), corner_values(space.parameters[second])):
            assert any(trial.get(first) == value and trial.get(second) == other for trial in trials)
    assert not any("power" in trial and trial["imbalance"] != "class_weight" for trial in trials)
