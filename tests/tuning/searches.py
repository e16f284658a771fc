"""Searches composed from conf/, and trials made up for the reports."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from emotion_tl.config import ExperimentConfig, to_typed
from emotion_tl.errors import ConfigurationError
from emotion_tl.tuning.checks import check_search
from emotion_tl.tuning_config import ParameterConfig, SpaceConfig, TuneConfig
from tests.runs import CONF

SOURCE = "conf/tuner/space/mine.yaml"
SPACES = sorted(path.stem for path in (CONF / "tuner" / "space").glob("*.yaml"))
UNITS = ParameterConfig("head.units", choices=[[], [128], [512, 256]])
DROPOUT = ParameterConfig("head.dropout", low=0.0, high=0.7)
LEARNING_RATE = ParameterConfig("schedule.phases.frozen.learning_rate", low=1e-4, high=1e-2, sampling="log")
IMBALANCE = ParameterConfig("imbalance", choices=["none", "class_weight", "focal"])
BACKBONES = ParameterConfig("backbone", choices=["vgg16", "inceptionv3", "baseline_cnn"])
POWER = ParameterConfig("imbalance.power", low=0.25, high=1.0, when={"imbalance": ["class_weight"]})


def make_space(**parameters: ParameterConfig) -> SpaceConfig:
    return SpaceConfig("mine", parameters)


@contextmanager
def hydra() -> Iterator[None]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield


def experiment_of(composed: DictConfig) -> ExperimentConfig:
    return to_typed(ExperimentConfig, OmegaConf.masked_copy(composed, list(ExperimentConfig.__dataclass_fields__)))


@cache
def composed_tune(*overrides: str) -> DictConfig:
    """Returns conf/tune.yaml with overrides, composed once for all tests."""
    with hydra():
        return compose("tune", list(overrides))


def compose_search(*overrides: str, space: SpaceConfig | None = None) -> TuneConfig:
    config = to_typed(TuneConfig, composed_tune(*overrides))
    if space is not None:
        config.tuner.space = space
    return config


def compose_trial(fixed: list[str], overrides: list[str]) -> ExperimentConfig:
    try:
        return experiment_of(composed_tune(*fixed, *overrides))
    except HydraException as error:
        raise ConfigurationError(str(error)) from error


def check(*fixed: str, space: SpaceConfig | None = None, composed: list | None = None) -> list[ExperimentConfig]:
    """Checks a search as the command does; `composed` collects what Hydra was asked for."""
    config = compose_search(*fixed, space=space)
    composed = [] if composed is None else composed

    def compose_with(overrides: list[str]) -> ExperimentConfig:
        composed.append(overrides)
        return compose_trial(list(fixed), overrides)

    return check_search(config, compose_with, SOURCE)


def refusal(*fixed: str, **parameters: ParameterConfig) -> str:
    """Returns what is told about a space with something wrong in it."""
    with pytest.raises(ConfigurationError) as caught:
        check(*fixed, space=make_space(**parameters))
    return str(caught.value)


def make_trials(num_trials: int, seed: int = 0, num_failed: int = 0) -> tuple[pd.DataFrame, SpaceConfig]:
    """Returns trials whose score comes from the learning rate, a little from the imbalance, and from nothing else."""
    generator = np.random.default_rng(seed)
    imbalance = generator.choice(["none", "class_weight", "focal"], num_trials)
    power = np.where(imbalance == "class_weight", generator.uniform(0.25, 1, num_trials), np.nan)
    learning_rate = 10 ** generator.uniform(-4, -2, num_trials)
    value = 0.6 + 0.05 * np.log10(learning_rate / 1e-3) + 0.02 * (imbalance == "class_weight")
    failed = np.arange(num_trials) < num_failed
    trials = pd.DataFrame(
        {
            "number": np.arange(num_trials),
            "trial_id": [f"{number:04d}" for number in range(num_trials)],
            "status": np.where(failed, "failed", "finished"),
            "value": np.where(failed, np.nan, value + generator.normal(0, 0.002, num_trials)),
            "epochs": generator.integers(3, 20, num_trials),
            "seconds": generator.uniform(0.5, 200, num_trials),
            "reason": np.where(failed, "The loss became NaN in epoch 2.\nTry a lower rate.", None),
            "run_id": "0" * 32,
            "learning_rate": learning_rate,
            "imbalance": imbalance,
            "power": power,
            "dropout": generator.uniform(0, 0.7, num_trials),
            "units": generator.choice(["[]", "[128]", "[512,256]"], num_trials),
        }
    )
    space = make_space(learning_rate=LEARNING_RATE, imbalance=IMBALANCE, power=POWER, dropout=DROPOUT, units=UNITS)
    return trials, space
