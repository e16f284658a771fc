"""The corners of a space: each value of each parameter, and of each two, in trials that could come up.

The ends of a range stand for it, and one value between them.
"""

import math
from collections.abc import Iterator, Mapping
from itertools import combinations, product
from typing import Any

from emotion_tl.override_text import value_text
from emotion_tl.tuning.activity import active_parameters, all_conditions, in_order
from emotion_tl.tuning_config import ParameterConfig, SpaceConfig

TrialValues = dict[str, Any]


def corner_values(parameter: ParameterConfig) -> list[Any]:
    """Returns the choices as text, or the ends of the range and a value between."""
    if parameter.choices is not None:
        return [value_text(choice) for choice in parameter.choices]
    low, high = parameter.low or 0.0, parameter.high or 0.0
    is_log = parameter.sampling == "log"
    if parameter.step is not None:
        between = low * parameter.step if is_log else low + parameter.step
    else:
        # No round number, so that a setting that takes whole ones only refuses it.
        between = math.sqrt(low * high) if is_log else low + 0.37 * (high - low)
    return [round(value) for value in (low, high, between)] if parameter.integer else [low, high, between]


def corners(space: SpaceConfig) -> Iterator[TrialValues]:
    """Yields the values of different trials: all first values, then each value, then each pair of values."""
    values = {name: corner_values(space.parameters[name]) for name in in_order(space)}
    singles = [{name: value} for name in values for value in values[name]]
    pairs = [
        {first: value, second: other}
        for first, second in combinations(values, 2)
        for value, other in product(values[first], values[second])
    ]
    seen = set()
    for chosen in ({}, *singles, *pairs):
        trial = completed(space, values, chosen)
        if trial is not None and tuple(trial.items()) not in seen:
            seen.add(tuple(trial.items()))
            yield trial


def completed(space: SpaceConfig, values: Mapping[str, list[Any]], chosen: Mapping[str, Any]) -> TrialValues | None:
    """Returns a trial that has the chosen values, and the first that goes with them of each other parameter.

    Args:
        space: what is searched.
        values: of each parameter, parents first.
        chosen: values of some parameters, which the trial has to have; None is returned where it cannot.
    """
    needed: dict[str, set[str]] = {}
    for name in chosen:
        for parent, texts in all_conditions(space, name).items():
            needed[parent] = needed.get(parent, texts) & texts
    trial = {}
    for name, candidates in values.items():
        fitting = [value for value in candidates if value == chosen.get(name, value)]
        fitting = [value for value in fitting if name not in needed or value in needed[name]]
        if not fitting:
            return None
        trial[name] = fitting[0]
    return {name: trial[name] for name in active_parameters(space, trial)}


def alternatives(space: SpaceConfig, trial: TrialValues, name: str) -> Iterator[TrialValues]:
    """Yields the trials that differ from one in the value of a parameter, and in what depends on it."""
    values = {each: corner_values(space.parameters[each]) for each in in_order(space)}
    kept = {each: value for each, value in trial.items() if each != name and name not in all_conditions(space, each)}
    for value in values[name]:
        other = completed(space, values, {**kept, name: value})
        if value != trial[name] and other is not None:
            yield other
