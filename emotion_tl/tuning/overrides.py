"""A trial as overrides of the command line."""

from collections.abc import Iterable, Mapping
from typing import Any

from emotion_tl.override_text import key_of, number_text
from emotion_tl.tuning.activity import active_parameters
from emotion_tl.tuning_config import ParameterConfig, SpaceConfig

GROUPS = ("data", "augmentation", "imbalance", "schedule", "head", "backbone", "trainer", "tracking", "experiment")
"""The groups of `conf/` that an experiment is put together from."""


# Settings of the search and of the program, which an experiment does not have.
NOT_OF_AN_EXPERIMENT = ("tune", "tuner", "hydra")


def of_experiment(overrides: Iterable[str]) -> list[str]:
    """Returns the overrides that are about an experiment, and not about the search for its settings."""
    return [text for text in overrides if key_of(text).replace("/", ".").partition(".")[0] not in NOT_OF_AN_EXPERIMENT]


def is_group(key: str) -> bool:
    """Returns whether a key stands for a folder of `conf/`, whose files are its values."""
    return key in GROUPS or "/" in key


def trial_overrides(space: SpaceConfig, values: Mapping[str, Any]) -> list[str]:
    """Returns the overrides, as in `head.dropout=0.3`, of the parameters that a trial has.

    Args:
        space: what is searched.
        values: by the names of the parameters, as KerasTuner has them. Values of parameters that the trial does not
            have, and names that are not in the space, are left out.
    """
    return [override(space.parameters[name], values[name]) for name in active_parameters(space, values)]


def override(parameter: ParameterConfig, value: Any) -> str:
    """Returns a parameter with its value in a trial, as in `head.dropout=0.3`; choices are text already."""
    text = value if parameter.choices is not None else number_text(value, parameter.integer)
    return f"{parameter.key}={text}"
