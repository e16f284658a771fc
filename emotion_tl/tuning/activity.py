"""Which parameters of a space there are in a trial: those whose conditions hold.

The values of a trial are a dict of parameter names, as KerasTuner has it: a choice as text (`value_text`), a number of
a range as it is.
"""

from collections.abc import Mapping
from graphlib import TopologicalSorter
from typing import Any

from emotion_tl.override_text import value_text
from emotion_tl.tuning_config import SpaceConfig


def conditions_of(space: SpaceConfig, name: str) -> dict[str, list[str]]:
    """Returns the other parameters a parameter depends on, each with its choices that allow it, as text."""
    return {parent: [value_text(value) for value in values] for parent, values in space.parameters[name].when.items()}


def in_order(space: SpaceConfig) -> list[str]:
    """Returns the names of all parameters, each after those it depends on.

    Raises:
        graphlib.CycleError: where parameters depend on each other.
    """
    return list(TopologicalSorter({name: conditions_of(space, name) for name in space.parameters}).static_order())


def active_parameters(space: SpaceConfig, values: Mapping[str, Any]) -> list[str]:
    """Returns the names of the parameters that a trial of these values has, each after those it depends on."""
    active: list[str] = []
    for name in in_order(space):
        conditions = conditions_of(space, name)
        if all(parent in active and values[parent] in texts for parent, texts in conditions.items()):
            active.append(name)
    return active


def all_conditions(space: SpaceConfig, name: str) -> dict[str, set[str]]:
    """Returns the conditions of a parameter and of those it depends on."""
    needed: dict[str, set[str]] = {}
    for parent, texts in conditions_of(space, name).items():
        for ancestor, allowed in {**all_conditions(space, parent), parent: set(texts)}.items():
            needed[ancestor] = needed.get(ancestor, allowed) & allowed
    return needed
