"""Which trial the features of all heads are computed for."""

from emotion_tl.tuning.head_space import longest_trial
from emotion_tl.tuning_config import ParameterConfig
from tests.tuning.searches import check, make_space


def test_features_are_those_of_a_trial_with_as_many_epochs_as_any():
    pooling = ParameterConfig("head.pooling", choices=["max"])
    length = ParameterConfig("schedule.phases.frozen.epochs", low=2, high=7, integer=True)
    config = longest_trial(check("schedule=frozen_only", space=make_space(pooling=pooling, length=length)))
    assert (config.head.pooling, config.schedule.phases["frozen"].epochs) == ("max", 7)
