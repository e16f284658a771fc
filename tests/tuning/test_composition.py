from dataclasses import replace
from itertools import product

import pytest

from emotion_tl.tuning.combinations import corners
from emotion_tl.tuning.composition import TrialComposer
from emotion_tl.tuning.overrides import trial_overrides
from emotion_tl.tuning_config import ParameterConfig
from tests.tuning.searches import (
    BACKBONES,
    IMBALANCE,
    LEARNING_RATE,
    SOURCE,
    SPACES,
    UNITS,
    check,
    compose_search,
    compose_trial,
    make_space,
    refusal,
)


def test_groups_that_change_different_sections_are_composed_one_by_one():
    composed: list = []
    augmentation = ParameterConfig("augmentation", choices=["none", "light", "strong"])
    configs = check(space=make_space(imbalance=IMBALANCE, augmentation=augmentation, units=UNITS), composed=composed)
    assert len(composed) == 1 + 3 + 3
    seen = {(config.imbalance.name, config.augmentation.name) for config in configs}
    assert seen == set(product(("none", "class_weight", "focal"), ("none", "light", "strong")))


def test_groups_that_change_the_same_section_are_composed_together():
    schedule = ParameterConfig("schedule", choices=["full", "from_scratch"])
    configs = check(space=make_space(schedule=schedule, backbone=BACKBONES))
    assert {(config.backbone.name, config.schedule.name) for config in configs} == set(
        product(BACKBONES.choices, schedule.choices)
    )


@pytest.mark.parametrize("name", SPACES)
def test_what_is_put_together_is_what_hydra_composes(name):
    fixed = [f"tuner/space={name}"]
    tuner = compose_search(*fixed).tuner
    composer = TrialComposer(tuner, lambda overrides: compose_trial(fixed, overrides), SOURCE)
    for trial in list(corners(tuner.space))[::20]:
        assert composer.experiment(trial)[0] == compose_trial(fixed, trial_overrides(tuner.space, trial))


def test_values_arrive_as_the_setting_takes_them():
    dropout = ParameterConfig("head.dropout", choices=[0, 0.5])
    configs = check(space=make_space(dropout=dropout, units=UNITS))
    assert {type(config.head.dropout) for config in configs} == {float}
    assert {tuple(config.head.units) for config in configs} == {(), (128,), (512, 256)}


def test_a_key_that_only_some_backbones_have_needs_a_condition():
    # This space leaves each backbone its own schedule.
    own_schedules = "tuner/space=backbones"
    rate = replace(LEARNING_RATE)
    message = refusal(own_schedules, backbone=BACKBONES, rate=rate)
    assert "parameter rate (schedule.phases.frozen.learning_rate): there is no frozen in schedule.phases" in message
    assert "needs a when" in message
    rate.when = {"backbone": ["vgg16", "inceptionv3"]}
    assert check(own_schedules, space=make_space(backbone=BACKBONES, rate=rate))
