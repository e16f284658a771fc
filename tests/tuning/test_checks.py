import time
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest

from emotion_tl.errors import ConfigurationError
from emotion_tl.tuning.activity import active_parameters
from emotion_tl.tuning.combinations import corner_values, corners
from emotion_tl.tuning.composition import TrialComposer
from emotion_tl.tuning.head_space import tries_heads_alone
from emotion_tl.tuning.overrides import GROUPS, trial_overrides
from emotion_tl.tuning.space_checks import check_fixed
from emotion_tl.tuning_config import ParameterConfig, TunerConfig
from tests.runs import CONF
from tests.tuning.searches import (
    DROPOUT,
    IMBALANCE,
    LEARNING_RATE,
    POWER,
    SOURCE,
    SPACES,
    UNITS,
    check,
    compose_search,
    compose_trial,
    make_space,
)

BACKBONES = ParameterConfig("backbone", choices=["vgg16", "inceptionv3", "baseline_cnn"])


def told(*fixed: str, **parameters: ParameterConfig) -> str:
    """Returns what is told about a space with something wrong in it."""
    with pytest.raises(ConfigurationError) as caught:
        check(*fixed, space=make_space(**parameters))
    return str(caught.value)


@pytest.mark.parametrize("name", SPACES)
def test_shipped_spaces_pass_and_hydra_composes_few_times(name):
    composed: list = []
    started = time.process_time()
    configs = check(f"tuner/space={name}", composed=composed)
    assert len(composed) <= 7
    assert time.process_time() - started < 5
    assert len(configs) > 10


def test_corners_have_each_value_and_each_pair_that_can_come_up():
    space = make_space(imbalance=IMBALANCE, power=POWER, dropout=DROPOUT, units=UNITS)
    trials = list(corners(space))
    assert all(list(trial) == active_parameters(space, trial) for trial in trials)
    assert len({tuple(trial.items()) for trial in trials}) == len(trials)
    for first, second in (("power", "dropout"), ("units", "dropout"), ("units", "imbalance")):
        for value, other in product(corner_values(space.parameters[first]), corner_values(space.parameters[second])):
            assert any(trial.get(first) == value and trial.get(second) == other for trial in trials)
    assert not any("power" in trial and trial["imbalance"] != "class_weight" for trial in trials)


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
    space = compose_search(*fixed).tuner.space
    composer = TrialComposer(space, lambda overrides: compose_trial(fixed, overrides), SOURCE)
    for trial in list(corners(space))[::20]:
        assert composer.trial_config(trial) == compose_trial(fixed, trial_overrides(space, trial))


def test_values_arrive_as_the_setting_takes_them():
    dropout = ParameterConfig("head.dropout", choices=[0, 0.5])
    configs = check(space=make_space(dropout=dropout, units=UNITS))
    assert {type(config.head.dropout) for config in configs} == {float}
    assert {tuple(config.head.units) for config in configs} == {(), (128,), (512, 256)}


def test_a_backbone_that_needs_larger_images_is_told_with_the_size():
    size = ParameterConfig("backbone.image_size", choices=[48, 96])
    message = told(dropout=DROPOUT, backbone=BACKBONES, image_size=size)
    assert message.startswith(f"{SOURCE}: parameters ")
    assert "no trial can start with backbone=inceptionv3, backbone.image_size=48" in message
    assert "dropout" not in message
    assert "at least 75" in message
    size.when = {"backbone": ["vgg16", "baseline_cnn"]}
    assert check(space=make_space(backbone=BACKBONES, image_size=size))


def test_a_fixed_setting_that_no_trial_can_start_with_is_not_blamed_on_the_space():
    message = told("backbone.image_size=48", dropout=DROPOUT)
    assert "settings that are fixed" in message
    assert "backbone.image_size" in message


def test_two_mistakes_at_once_are_told_one_after_the_other():
    size = ParameterConfig("backbone.image_size", choices=[48])
    message = told(image_size=size, dropout=ParameterConfig("head.dropout", low=1.0, high=2.0))
    assert "parameter image_size: no trial can start with backbone.image_size=48" in message


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
    message = told(first=ParameterConfig("seed", choices=[1, 2]), wrong=parameter)
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
def test_a_mistake_in_a_condition_is_told(when, expected):
    wrong = ParameterConfig("seed", choices=[1, 2], when=when)
    assert expected in told(imbalance=IMBALANCE, dropout=DROPOUT, wrong=wrong)


def test_conditions_in_a_circle_are_told():
    first = ParameterConfig("seed", choices=[1, 2], when={"second": [True]})
    second = ParameterConfig("head.batch_norm", choices=[True, False], when={"first": [1]})
    message = told(first=first, second=second)
    assert SOURCE in message
    assert "first -> second -> first" in message or "second -> first -> second" in message


def test_two_parameters_may_share_a_key_only_where_one_excludes_the_other():
    first = ParameterConfig("head.dropout", low=0.0, high=0.2, when={"imbalance": ["none"]})
    second = ParameterConfig("head.dropout", low=0.3, high=0.5, when={"imbalance": ["focal", "class_weight"]})
    assert check(space=make_space(imbalance=IMBALANCE, first=first, second=second))
    overlapping = replace(second, when={"imbalance": ["none", "focal"]})
    message = told(imbalance=IMBALANCE, first=first, second=overlapping)
    assert "parameter second (head.dropout)" in message
    assert "excludes first" in message


def test_a_key_that_only_some_backbones_have_needs_a_condition():
    # This space leaves each backbone its own schedule.
    own_schedules = "tuner/space=backbones"
    rate = replace(LEARNING_RATE)
    message = told(own_schedules, backbone=BACKBONES, rate=rate)
    assert "parameter rate (schedule.phases.frozen.learning_rate): there is no frozen in schedule.phases" in message
    assert "needs a when" in message
    rate.when = {"backbone": ["vgg16", "inceptionv3"]}
    assert check(own_schedules, space=make_space(backbone=BACKBONES, rate=rate))


def test_a_space_without_parameters_and_a_name_that_means_something_else_are_told():
    assert "at least one parameter" in told()
    assert "columns of the trials" in told(value=DROPOUT)
    with pytest.raises(ConfigurationError, match="letters, digits"):
        check(space=make_space(**{"a-b": DROPOUT}))


def test_a_grid_names_the_parameter_that_lacks_a_step():
    message = told("tuner=grid", units=UNITS, dropout=DROPOUT)
    assert "parameter dropout (head.dropout): expected choices or a step" in message
    assert check("tuner=grid", space=make_space(dropout=replace(DROPOUT, step=0.1)))
    num_epochs = ParameterConfig("schedule.phases.frozen.epochs", low=1, high=4, integer=True)
    assert check("tuner=grid", "schedule=frozen_only", space=make_space(num_epochs=num_epochs))


@pytest.mark.parametrize(
    "parameter",
    [
        ParameterConfig("schedule.phases.frozen.label_smoothing", low=0.0, high=0.2),
        ParameterConfig("imbalance", choices=["class_weight", "focal"]),
        ParameterConfig("imbalance", choices=["none", "logit_adjust"]),
    ],
    ids=str,
)
def test_trials_with_different_losses_are_not_judged_by_the_loss(parameter):
    judged_by_loss = ("schedule=frozen_only", "schedule.monitor=val_loss")
    message = told(*judged_by_loss, first=DROPOUT, wrong=parameter)
    assert message.startswith(f"{SOURCE}: parameter wrong ({parameter.key}): expected a key that leaves val_loss")
    assert "schedule.monitor=val_log_loss" in message
    assert check("schedule=frozen_only", "schedule.monitor=val_log_loss", space=make_space(wrong=parameter))


def test_the_strength_of_the_loss_is_not_judged_by_the_loss():
    gamma = ParameterConfig("imbalance.focal_gamma", choices=[1.0, 2.0])
    assert "leaves val_loss" in told("imbalance=focal", "schedule.monitor=val_loss", gamma=gamma)
    # Here it decides nothing.
    assert check("imbalance=none", "schedule.monitor=val_loss", space=make_space(gamma=gamma))


def test_trials_with_different_weights_of_the_training_images_are_judged_by_the_loss():
    weights = ParameterConfig("imbalance", choices=["none", "class_weight", "oversample"])
    space = make_space(imbalance=weights, power=POWER, dropout=DROPOUT)
    assert check("schedule.monitor=val_loss", space=space)


def test_hyperband_is_checked_with_the_epochs_of_its_trials():
    warmup = "schedule.phases.unfrozen.warmup_epochs"
    with pytest.raises(ConfigurationError, match=rf"settings that are fixed. {warmup}: .*tuner.max_epochs=2 epochs"):
        check("tuner=hyperband", "tuner.max_epochs=2", f"{warmup}=4")
    configs = check("tuner=hyperband", "tuner.max_epochs=4", f"{warmup}=4")
    assert {config.schedule.phases["unfrozen"].epochs for config in configs} == {4}
    with pytest.raises(ConfigurationError, match="at least one phase"):
        check("tuner=hyperband", "~schedule.phases.frozen", "~schedule.phases.unfrozen", space=make_space(units=UNITS))
    # An ordinary trial has the epochs of its schedule.
    assert check("tuner=random", "tuner/space=fine_tuning", f"{warmup}=4")


@pytest.mark.parametrize(
    ("fixed", "key"),
    [
        ("tuner.name=annealing", "tuner.name"),
        ("tuner.max_trials=0", "tuner.max_trials"),
        ("tuner.max_trials=null", "tuner.max_trials"),
        ("tuner.seed=-1", "tuner.seed"),
        ("+tuner.num_initial_points=0", "tuner.num_initial_points"),
        ("+tuner.alpha=0", "tuner.alpha"),
        ("+tuner.beta=-1", "tuner.beta"),
        ("+tuner.max_epochs=0", "tuner.max_epochs"),
        ("+tuner.factor=1", "tuner.factor"),
        ("+tuner.hyperband_iterations=0", "tuner.hyperband_iterations"),
        ("tune.num_best=0", "tune.num_best"),
        ("tune.num_workers=0", "tune.num_workers"),
        ("tune.name=a/b", "tune.name"),
        ("tune.output_dir=''", "tune.output_dir"),
    ],
)
def test_a_mistake_in_the_tuner_names_the_key(fixed, key):
    with pytest.raises(ConfigurationError, match=rf"^{key}: expected"):
        check(fixed)


def test_what_is_fixed_is_not_searched_as_well():
    space = make_space(dropout=DROPOUT, backbone=BACKBONES)
    check_fixed(space, ["head.units=[1]", "backbone.image_size=96", "tuner=random"], SOURCE)
    for override in ("head.dropout=0.2", "++head.dropout=0.2", "~head.dropout", "backbone=vgg16"):
        with pytest.raises(ConfigurationError, match=r"~tuner\.space\.parameters\.(dropout|backbone)"):
            check_fixed(space, [override], SOURCE)


def test_every_group_of_an_experiment_is_known():
    folders = {path.name for path in CONF.iterdir() if path.is_dir()}
    assert folders - {"hydra", "local", "tuner", "study"} == set(GROUPS)


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


def test_the_defaults_of_the_code_are_those_of_the_files():
    files = {Path(name).stem: compose_search(f"tuner={name}").tuner for name in ("bayesian", "hyperband")}
    default = TunerConfig()
    assert (files["bayesian"].alpha, files["bayesian"].beta) == (default.alpha, default.beta)
    assert (files["hyperband"].max_epochs, files["hyperband"].factor) == (default.max_epochs, default.factor)
