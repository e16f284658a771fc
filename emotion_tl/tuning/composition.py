"""The configurations of many trials, composed by Hydra only where a group of `conf/` is involved."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from functools import cache
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from emotion_tl.config import Compose, ExperimentConfig
from emotion_tl.errors import ConfigurationError
from emotion_tl.override_text import number_text, value_text
from emotion_tl.tuning.activity import active_parameters
from emotion_tl.tuning.overrides import is_group, trial_overrides
from emotion_tl.tuning.space_checks import parameter_error
from emotion_tl.tuning_config import ParameterConfig, TunerConfig


class TrialComposer:
    """Composes trials of a tuner whose space passed `check_space`."""

    def __init__(self, tuner: TunerConfig, compose: Compose, source: str):
        """Takes the tuner, the function that composes an experiment with overrides, and the file of the space."""
        self.tuner = tuner
        self.space = tuner.space
        self.source = source
        self.compose = cache(lambda *overrides: compose(list(overrides)))
        self.typed_values: dict[tuple[type, str, str], Any] = {}

    def experiment(self, trial: Mapping[str, Any]) -> tuple[ExperimentConfig, list[str]]:
        """Returns a trial as it would be run to its end, and the overrides that make it.

        With Hyperband the last phase has the epochs of its longest trials, over which the learning rate goes down; how
        many of them a trial gets is its budget.

        Raises:
            ConfigurationError: naming the parameter whose key does not exist, or whose value is of a wrong type.
        """
        config = self.trial_config(trial)
        overrides = trial_overrides(self.space, trial)
        if self.tuner.name == "hyperband" and config.schedule.phases:
            name, phase = list(config.schedule.phases.items())[-1]
            phase.epochs = self.tuner.max_epochs
            overrides.append(f"schedule.phases.{name}.epochs={self.tuner.max_epochs}")
        return config, overrides

    def trial_config(self, trial: Mapping[str, Any]) -> ExperimentConfig:
        """Returns the configuration of a trial.

        Raises:
            ConfigurationError: naming the parameter whose key does not exist, or whose value is of a wrong type.
        """
        names = active_parameters(self.space, trial)
        groups = [name for name in names if is_group(self.space.parameters[name].key)]
        config = deepcopy(self.with_options({name: trial[name] for name in groups}))
        for name in names:
            if name not in groups:
                self.set_key(config, name, trial[name])
        return config

    def with_options(self, options: Mapping[str, str]) -> ExperimentConfig:
        """Returns the configuration with an option of each of some groups, by the names of the parameters.

        Options that change different sections are put together from the configurations with each alone: Hydra takes a
        tenth of a second for a configuration, and the combinations of three groups may be hundreds.
        """
        base = self.compose()
        changes: dict[str, Any] = {}
        for name, option in options.items():
            alone = self.with_option(name, option)
            changed = {
                entry.name: getattr(alone, entry.name)
                for entry in fields(alone)
                if getattr(alone, entry.name) != getattr(base, entry.name)
            }
            if changes.keys() & changed.keys():
                return self.compose(*(f"{self.space.parameters[each].key}={options[each]}" for each in options))
            changes |= changed
        return replace(base, **changes)

    def with_option(self, name: str, option: str) -> ExperimentConfig:
        """Returns the configuration with an option of one group.

        Raises:
            ConfigurationError: where there is no such group or option, or it does not go with what is fixed.
        """
        key = self.space.parameters[name].key
        try:
            return self.compose(f"{key}={option}")
        except ConfigurationError as error:
            raise parameter_error(self.source, name, key, f"{key}={option} cannot be composed. {error}") from error

    def set_key(self, config: ExperimentConfig, name: str, value: Any) -> None:
        """Changes one setting of a configuration.

        Raises:
            ConfigurationError: where there is no such key, or it takes no such value.
        """
        parameter = self.space.parameters[name]
        *path, last = parameter.key.split(".")
        node: Any = config
        for position, part in enumerate([*path, last]):
            entries = children(node)
            if part not in entries:
                reason = no_such_key(".".join(path[:position]), part, list(entries))
                raise parameter_error(self.source, name, parameter.key, reason)
            node = entries[part] if position < len(path) else node
        try:
            put(node, last, self.typed(node, last, plain_value(parameter, value)))
        except OmegaConfBaseException as error:
            hint = "" if parameter.choices or parameter.integer else " integer: true takes whole numbers of a range."
            reason = f"{(error.msg or str(error)).splitlines()[0]}.{hint}"
            raise parameter_error(self.source, name, parameter.key, reason) from error

    def typed(self, node: Any, key: str, value: Any) -> Any:
        """Returns a value as the type of an entry takes it: 1 for a number with decimals as 1.0.

        Raises:
            OmegaConfBaseException: where the type does not take it.
        """
        known = (type(node), key, repr(value))
        if known not in self.typed_values:
            section = OmegaConf.structured(node) if is_dataclass(node) else OmegaConf.create(node)
            OmegaConf.update(section, key, value)
            entry = section[key]
            self.typed_values[known] = OmegaConf.to_object(entry) if OmegaConf.is_config(entry) else entry
        return deepcopy(self.typed_values[known])


def no_such_key(section: str, key: str, entries: list[str]) -> str:
    """Returns what to tell of a key that is not in a section."""
    near = get_close_matches(key, entries, n=1)
    expected = near[0] if near else ", ".join(entries) or "no keys below it"
    hint = "" if near else " Where only some options of a group have the key, its parameter needs a when."
    return f"there is no {key} in {section or 'an experiment'}. Expected {expected}.{hint}"


def children(node: Any) -> dict[str, Any]:
    """Returns the keys directly below a section, with their values; none below a value."""
    if is_dataclass(node):
        return vars(node)
    return node if isinstance(node, dict) else {}


def put(node: Any, key: str, value: Any) -> None:
    """Changes an entry of a section."""
    if isinstance(node, dict):
        node[key] = value
    else:
        setattr(node, key, value)


def plain_value(parameter: ParameterConfig, value: Any) -> Any:
    """Returns the value of a parameter in a trial as a setting takes it."""
    if parameter.choices is not None:
        return {value_text(choice): choice for choice in parameter.choices}[value]
    return int(number_text(value, True)) if parameter.integer else float(number_text(value, False))
