from dataclasses import replace

import pytest

from emotion_tl.errors import ConfigurationError
from emotion_tl.tuning.space_checks import check_fixed
from emotion_tl.tuning_config import ParameterConfig
from tests.tuning.searches import (
    BACKBONES,
    DROPOUT,
    IMBALANCE,
    SOURCE,
    UNITS,
    check,
    make_space,
    refusal,
)


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        (ParameterConfig("head.droput", low=0.0, high=0.5), "no droput in head. Expected dropout"),
        (ParameterConfig("heads.dropout", low=0.0, high=0.5), "no heads in an experiment. Expected head"),
        (ParameterConfig("head.dropout.rate", low=0.0, high=0.5), "no rate in head.dropout. Expected no keys"),
        (ParameterConfig("schedule.phases.third.epochs", choices=[1]), "no third in schedule.phases"),
        (ParameterConfig("tune.num_best", choices=[1]), "no tune in an experiment"),
        (ParameterConfig("head.dropout=", low=0.0, high=0.5), "a key, as in head.dropout"),
        (ParameterConfig("augmentation", choices=["none", "lightt"]), "augmentation=lightt"),
        (ParameterConfig("optimizer/fast", choices=["a"]), "optimizer/fast=a"),
        (ParameterConfig("augmentation", choices=[None]), "names of options"),
        (ParameterConfig("augmentation", low=0.0, high=1.0), "has options, no numbers"),
        (ParameterConfig("head.dropout", low=0.5, high=0.5), "low below high, both finite. Received: low 0.5"),
        (ParameterConfig("head.dropout", low=0.5, high=0.1), "low below high"),
        (ParameterConfig("head.dropout", low=0.0, high=float("inf")), "both finite"),
        (ParameterConfig("head.dropout", low=0.0, high=float("nan")), "low below high"),
        (ParameterConfig("head.dropout", low=0.5), "choices, or low and high. Received: low 0.5, high null"),
        (ParameterConfig("head.dropout"), "choices, or low and high"),
        (ParameterConfig("head.dropout", low=0.0, high=0.5, sampling="log"), "low above 0 with sampling log"),
        (ParameterConfig("head.dropout", low=0.1, high=0.5, sampling="cubic"), "linear or log. Received: cubic"),
        (ParameterConfig("head.dropout", low=0.1, high=0.5, step=0.0), "step above 0"),
        (ParameterConfig("head.dropout", low=0.1, high=0.5, step=0.6), "at most 0.4"),
        (ParameterConfig("head.dropout", low=0.1, high=0.5, step=1.0, sampling="log"), "step above 1, a factor"),
        (ParameterConfig("head.dropout", low=0.1, high=3.0, integer=True), "a whole low"),
        (ParameterConfig("head.dropout", choices=[0.1], low=0.1), "not low beside choices"),
        (ParameterConfig("head.dropout", choices=[]), "at least one choice"),
        (ParameterConfig("head.dropout", choices=[0.1, 0.2, 0.1]), "choices that differ. Received: 0.1, 0.2, 0.1"),
        (ParameterConfig("head.dropout", choices=["much"]), "'much' of type 'str'"),
        (ParameterConfig("schedule.phases.frozen.epochs", low=1, high=4), "integer: true"),
        (ParameterConfig("head.units", choices=[["a"]]), "head.units"),
        (ParameterConfig("data.split_seed", choices=[1, 2]), "leaves data as it is"),
        (ParameterConfig("schedule.monitor", choices=["val_accuracy", "val_log_loss"]), "leaves schedule.monitor"),
    ],
    ids=str,
)
def test_a_mistake_in_a_parameter_names_file_parameter_and_key(parameter, expected):
    message = refusal(first=ParameterConfig("seed", choices=[1, 2]), wrong=parameter)
    assert message.startswith(f"{SOURCE}: parameter wrong ({parameter.key})")
    assert expected in message


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"imbalanse": ["focal"]}, "another parameter (imbalance, dropout, wrong). Received: imbalanse"),
        ({"imbalance": ["fokal"]}, "when.imbalance: one of none, class_weight, focal. Received: fokal"),
        ({"imbalance": []}, "when.imbalance: at least one of"),
        ({"dropout": [0.1]}, "a parameter with choices. Received: dropout, a range"),
    ],
)
def test_a_mistake_in_a_condition_is_refusal(when, expected):
    wrong = ParameterConfig("seed", choices=[1, 2], when=when)
    assert expected in refusal(imbalance=IMBALANCE, dropout=DROPOUT, wrong=wrong)


def test_conditions_in_a_circle_are_refusal():
    first = ParameterConfig("seed", choices=[1, 2], when={"second": [True]})
    second = ParameterConfig("head.batch_norm", choices=[True, False], when={"first": [1]})
    message = refusal(first=first, second=second)
    assert SOURCE in message
    assert "first -> second -> first" in message or "second -> first -> second" in message


def test_two_parameters_may_share_a_key_only_where_one_excludes_the_other():
    first = ParameterConfig("head.dropout", low=0.0, high=0.2, when={"imbalance": ["none"]})
    second = ParameterConfig("head.dropout", low=0.3, high=0.5, when={"imbalance": ["focal", "class_weight"]})
    assert check(space=make_space(imbalance=IMBALANCE, first=first, second=second))
    overlapping = replace(second, when={"imbalance": ["none", "focal"]})
    message = refusal(imbalance=IMBALANCE, first=first, second=overlapping)
    assert "parameter second (head.dropout)" in message
    assert "excludes first" in message


def test_a_space_without_parameters_and_a_name_that_means_something_else_are_refusal():
    assert "at least one parameter" in refusal()
    assert "columns of the trials" in refusal(value=DROPOUT)
    with pytest.raises(ConfigurationError, match="letters, digits"):
        check(space=make_space(**{"a-b": DROPOUT}))


def test_a_grid_names_the_parameter_that_lacks_a_step():
    message = refusal("tuner=grid", units=UNITS, dropout=DROPOUT)
    assert "parameter dropout (head.dropout): expected choices or a step" in message
    assert check("tuner=grid", space=make_space(dropout=replace(DROPOUT, step=0.1)))
    num_epochs = ParameterConfig("schedule.phases.frozen.epochs", low=1, high=4, integer=True)
    assert check("tuner=grid", "schedule=frozen_only", space=make_space(num_epochs=num_epochs))


def test_what_is_fixed_is_not_searched_as_well():
    space = make_space(dropout=DROPOUT, backbone=BACKBONES)
    check_fixed(space, ["head.units=[1]", "backbone.image_size=96", "tuner=random"], SOURCE)
    for override in ("head.dropout=0.2", "++head.dropout=0.2", "~head.dropout", "backbone=vgg16"):
        with pytest.raises(ConfigurationError, match=r"~tuner\.space\.parameters\.(dropout|backbone)"):
            check_fixed(space, [override], SOURCE)
