import time
from pathlib import Path

import pytest

from emotion_tl.errors import ConfigurationError
from emotion_tl.tuning.overrides import GROUPS
from emotion_tl.tuning_config import ParameterConfig, TunerConfig
from tests.runs import CONF
from tests.tuning.searches import (
    BACKBONES,
    DROPOUT,
    POWER,
    SOURCE,
    SPACES,
    UNITS,
    check,
    compose_search,
    make_space,
    refusal,
)


@pytest.mark.parametrize("name", SPACES)
def test_shipped_spaces_pass_and_hydra_composes_few_times(name):
    composed: list = []
    started = time.process_time()
    configs = check(f"tuner/space={name}", composed=composed)
    assert len(composed) <= 7
    assert time.process_time() - started < 5
    assert len(configs) > 10


def test_a_backbone_that_needs_larger_images_is_told_with_the_size():
    size = ParameterConfig("backbone.image_size", choices=[48, 96])
    message = refusal(dropout=DROPOUT, backbone=BACKBONES, image_size=size)
    assert message.startswith(f"{SOURCE}: parameters ")
    assert "no trial can start with backbone=inceptionv3, backbone.image_size=48" in message
    assert "dropout" not in message
    assert "at least 75" in message
    size.when = {"backbone": ["vgg16", "baseline_cnn"]}
    assert check(space=make_space(backbone=BACKBONES, image_size=size))


def test_a_fixed_setting_that_no_trial_can_start_with_is_not_blamed_on_the_space():
    message = refusal("backbone.image_size=48", dropout=DROPOUT)
    assert "settings that are fixed" in message
    assert "backbone.image_size" in message


def test_two_mistakes_at_once_are_told_one_after_the_other():
    size = ParameterConfig("backbone.image_size", choices=[48])
    message = refusal(image_size=size, dropout=ParameterConfig("head.dropout", low=1.0, high=2.0))
    assert "parameter image_size: no trial can start with backbone.image_size=48" in message


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
    message = refusal(*judged_by_loss, first=DROPOUT, wrong=parameter)
    assert message.startswith(f"{SOURCE}: parameter wrong ({parameter.key}): expected a key that leaves val_loss")
    assert "schedule.monitor=val_log_loss" in message
    assert check("schedule=frozen_only", "schedule.monitor=val_log_loss", space=make_space(wrong=parameter))


def test_the_strength_of_the_loss_is_not_judged_by_the_loss():
    gamma = ParameterConfig("imbalance.focal_gamma", choices=[1.0, 2.0])
    assert "leaves val_loss" in refusal("imbalance=focal", "schedule.monitor=val_loss", gamma=gamma)
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


def test_every_group_of_an_experiment_is_known():
    folders = {path.name for path in CONF.iterdir() if path.is_dir()}
    assert folders - {"hydra", "local", "tuner", "study"} == set(GROUPS)


def test_the_defaults_of_the_code_are_those_of_the_files():
    files = {Path(name).stem: compose_search(f"tuner={name}").tuner for name in ("bayesian", "hyperband")}
    default = TunerConfig()
    assert (files["bayesian"].alpha, files["bayesian"].beta) == (default.alpha, default.beta)
    assert (files["hyperband"].max_epochs, files["hyperband"].factor) == (default.max_epochs, default.factor)
