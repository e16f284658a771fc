"""Which searches try heads alone, and which trial the features of all heads are computed for."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from emotion_tl.errors import ConfigurationError
from emotion_tl.tuning.head_space import longest_trial, tries_heads_alone
from emotion_tl.tuning_config import ParameterConfig
from tests.tuning.searches import UNITS, check, make_space


@pytest.mark.parametrize(
    ("fixed", "expected"),
    [
        (["tuner/space=head"], True),
        (["tuner/space=imbalance", "schedule=frozen_only"], True),
        (["tuner/space=imbalance"], False),
        (["tuner/space=head", "trainer.cache=off"], False),
        (["tuner/space=backbones"], False),
    ],
)
def test_heads_are_tried_alone_where_the_backbone_stays_as_it_is(fixed, expected):
    assert tries_heads_alone(check(*fixed)) is expected


def refused(check: Callable, *arguments: object) -> bool:
    try:
        check(*arguments)
    except ConfigurationError:
        return True
    return False


@pytest.mark.parametrize(
    ("key", "choices"),
    [
        ("augmentation", ["none", "light"]),
        ("head.pooling", ["avg", "max"]),
        ("backbone.image_size", [96, 128]),
        ("schedule.phases.frozen.trainable_blocks", [0, 1]),
    ],
)
def test_what_head_trials_refuse_is_not_taken_for_heads_alone(key, choices):
    from emotion_tl.training.head_trials import HeadTrials

    configs = check("schedule=frozen_only", space=make_space(units=UNITS, other=ParameterConfig(key, choices=choices)))
    assert not tries_heads_alone(configs)
    assert any(refused(HeadTrials.check, SimpleNamespace(config=configs[0]), config) for config in configs)


def test_features_are_those_of_a_trial_with_as_many_epochs_as_any():
    pooling = ParameterConfig("head.pooling", choices=["max"])
    length = ParameterConfig("schedule.phases.frozen.epochs", low=2, high=7, integer=True)
    config = longest_trial(check("schedule=frozen_only", space=make_space(pooling=pooling, length=length)))
    assert (config.head.pooling, config.schedule.phases["frozen"].epochs) == ("max", 7)
