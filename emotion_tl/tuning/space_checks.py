"""Checks a search space by itself: ranges, choices and conditions, before any configuration is composed."""

import math
from collections.abc import Iterator
from graphlib import CycleError
from itertools import chain, combinations

from emotion_tl.errors import ConfigurationError
from emotion_tl.override_text import key_of, value_text
from emotion_tl.tuning.activity import all_conditions, conditions_of, in_order
from emotion_tl.tuning.overrides import is_group
from emotion_tl.tuning_config import SAMPLINGS, ParameterConfig, SpaceConfig

TRIAL_COLUMNS = ("number", "trial_id", "status", "value", "epochs", "seconds", "reason", "run_id")
"""What a table of trials tells of each beside its parameters, which must not be called so."""

Rule = tuple[bool, str, object]


def check_space(space: SpaceConfig, tuner: str, source: str) -> None:
    """Checks everything that can be known to be wrong with a space without looking at what its keys mean.

    Args:
        space: what is searched.
        tuner: one of `TUNERS`; a grid needs a step where the others do not.
        source: the file of the space, for the messages.

    Raises:
        ConfigurationError: naming the file, the parameter, its key, what was expected and what came.
    """
    if not space.parameters:
        raise ConfigurationError(f"{source}: expected at least one parameter. Received: none")
    for name, parameter in space.parameters.items():
        rules = choice_rules(parameter) if parameter.choices is not None else range_rules(parameter, tuner)
        # One after the other: a rule may rest on those before it.
        for is_valid, expected, received in chain(naming_rules(name, parameter), rules, condition_rules(space, name)):
            if not is_valid:
                raise parameter_error(source, name, parameter.key, f"expected {expected}. Received: {received}")
    try:
        in_order(space)
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise ConfigurationError(f"{source}: expected conditions without a circle. Received: {circle}") from error
    check_shared_keys(space, source)


def parameter_error(source: str, name: str, key: str, reason: str) -> ConfigurationError:
    """Returns the error about one parameter of a space."""
    return ConfigurationError(f"{source}: parameter {name} ({key}): {reason}")


def naming_rules(name: str, parameter: ParameterConfig) -> Iterator[Rule]:
    """Yields (whether it is valid, what is expected, what came) for the name and the key, and what kind it is."""
    yield name.isidentifier(), "a name of letters, digits and underscores", name
    yield name not in TRIAL_COLUMNS, f"a name other than {', '.join(TRIAL_COLUMNS)}, columns of the trials", name
    key = parameter.key
    yield all(part.isidentifier() for part in key.replace("/", ".").split(".")), "a key, as in head.dropout", key
    has_range = parameter.low is not None and parameter.high is not None
    received = f"low {value_text(parameter.low)}, high {value_text(parameter.high)}"
    yield has_range or parameter.choices is not None, "choices, or low and high", received


def choice_rules(parameter: ParameterConfig) -> Iterator[Rule]:
    """Yields the rules of a parameter that is one of some values."""
    choices = parameter.choices or []
    texts = [value_text(choice) for choice in choices]
    yield bool(choices), "at least one choice", "none"
    yield len(set(texts)) == len(texts), "choices that differ", ", ".join(texts)
    for setting in ("low", "high", "step"):
        value = getattr(parameter, setting)
        yield value is None, f"either choices or low and high, not {setting} beside choices", value
    if is_group(parameter.key):
        yield all(isinstance(choice, str) for choice in choices), "names of options of the group", ", ".join(texts)


def range_rules(parameter: ParameterConfig, tuner: str) -> Iterator[Rule]:
    """Yields the rules of a parameter that is a number from a range."""
    low, high, step = float(parameter.low or 0), float(parameter.high or 0), parameter.step
    is_log = parameter.sampling == "log"
    yield not is_group(parameter.key), "choices: a group of conf/ has options, no numbers", f"{low} to {high}"
    yield -math.inf < low < high < math.inf, "low below high, both finite", f"low {low:g}, high {high:g}"
    yield parameter.sampling in SAMPLINGS, f"sampling {' or '.join(SAMPLINGS)}", parameter.sampling
    yield not is_log or low > 0, "low above 0 with sampling log", f"low {low:g}"
    for setting, value in (("low", low), ("high", high), ("step", float(step or 0))):
        yield not parameter.integer or value.is_integer(), f"a whole {setting}, as integer is true", f"{value:g}"
    if step is not None:
        expected, widest = ("step above 1, a factor,", high / low) if is_log else ("step above 0", high - low)
        yield (1 if is_log else 0) < step <= widest, f"{expected} and at most {widest:g}", f"{step:g}"
    has_steps = step is not None or (parameter.integer and not is_log)
    yield tuner != "grid" or has_steps, "choices or a step: a grid cannot try all numbers of a range", "step null"


def condition_rules(space: SpaceConfig, name: str) -> Iterator[Rule]:
    """Yields the rules of the conditions of a parameter."""
    for parent, texts in conditions_of(space, name).items():
        yield parent in space.parameters, f"when: another parameter ({', '.join(space.parameters)})", parent
        choices = space.parameters[parent].choices
        yield choices is not None, "when: a parameter with choices", f"{parent}, a range"
        known = [value_text(choice) for choice in choices or []]
        yield bool(texts), f"when.{parent}: at least one of {', '.join(known)}", "none"
        for text in texts:
            yield text in known, f"when.{parent}: one of {', '.join(known)}", text


def check_shared_keys(space: SpaceConfig, source: str) -> None:
    """Checks that parameters of the same key are never there together.

    Raises:
        ConfigurationError: naming both.
    """
    for first, second in combinations(in_order(space), 2):
        key = space.parameters[second].key
        if key == space.parameters[first].key and not exclude_each_other(space, first, second):
            raise parameter_error(
                source, second, key, f"expected a key of its own, or a when that excludes {first}, which has the same"
            )


def exclude_each_other(space: SpaceConfig, first: str, second: str) -> bool:
    """Returns whether some parameter must have one value for the first and another for the second."""
    needed, other_needed = all_conditions(space, first), all_conditions(space, second)
    return any(not needed[parent] & other_needed[parent] for parent in needed.keys() & other_needed.keys())


def check_fixed(space: SpaceConfig, overrides: list[str], source: str) -> None:
    """Checks that what the user fixed on the command line is not searched as well, which would undo it.

    Raises:
        ConfigurationError: naming the parameter and the override.
    """
    fixed = {key_of(override): override for override in overrides}
    for name, parameter in space.parameters.items():
        if parameter.key in fixed:
            reason = (
                f"it is searched, and fixed by {fixed[parameter.key]}. Leave that out, or the parameter: "
                f"~tuner.space.parameters.{name}"
            )
            raise parameter_error(source, name, parameter.key, reason)
