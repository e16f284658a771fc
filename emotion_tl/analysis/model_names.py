"""What models are called: short where that is enough, with what differs where it is not."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from emotion_tl.identity import flatten, settings_with_effect
from emotion_tl.models.specifications import get_specification

NAME_PARTS = {"backbone.name", "backbone.output_block", "backbone.weights", "schedule.name", "seed"}
# What goes without saying.
USUAL = {"data.train_fraction": 1.0, "data.dedup": "none", "imbalance.name": "none"}


def name_models(settings: Sequence[dict[str, Any]], inputs: Sequence[dict[str, Any]] | None = None) -> list[str]:
    """Returns a name for each model: its backbone and schedule, and where several share them, the settings that differ.

    Args:
        settings: the configuration of each model as nested dicts.
        inputs: what each was fed, as a setting that tells apart those with the same configuration.
    """
    flat = [flatten(settings_with_effect(each)) for each in settings]
    names = tell_apart([base_name(each) for each in settings], flat)
    return numbered(names if inputs is None else tell_apart(names, inputs))


def tell_apart(names: Sequence[str], flat: Sequence[dict[str, Any]]) -> list[str]:
    """Returns the names; behind those that stand more than once the settings in which their bearers differ.

    Args:
        names: one for each model.
        flat: the settings of each model by their dotted keys.
    """
    # Twice for those that the name of a group of settings tells apart from others, but not from each other.
    return add_differing(add_differing(names, flat), flat)


def add_differing(names: Sequence[str], flat: Sequence[dict[str, Any]]) -> list[str]:
    """Returns the names, with the settings that differ behind those that stand more than once."""
    told_apart = list(names)
    for name in {name for name, count in Counter(names).items() if count > 1}:
        bearers = [position for position, other in enumerate(names) if other == name]
        differing = differing_keys([flat[position] for position in bearers])
        for position in bearers:
            own = flat[position]
            told = [f"{short_key(key, differing)}={own[key]}" for key in differing if is_unusual(key, own.get(key))]
            told_apart[position] = ", ".join([name, *told])
    return told_apart


def differing_keys(flat: Sequence[dict[str, Any]]) -> list[str]:
    """Returns the settings that tell models apart; of a group of settings whose names differ, the name alone."""
    keys = sorted({key for each in flat for key in each} - NAME_PARTS)
    keys = [key for key in keys if len({repr(each.get(key)) for each in flat}) > 1]
    named = {key.removesuffix("name") for key in keys if key.endswith(".name")}
    return [key for key in keys if key.endswith(".name") or not key.startswith(tuple(named))]


def is_unusual(key: str, value: Any) -> bool:
    """Returns whether a setting has to be told."""
    return value is not None and value != USUAL.get(key)


def base_name(settings: dict[str, Any]) -> str:
    """Returns backbone, where it is cut, and schedule."""
    backbone = settings["backbone"]
    block = f"-{backbone['output_block']}" if backbone["output_block"] else ""
    is_unusual = backbone["weights"] is None and get_specification(backbone["name"]).application is not None
    origin = "-random_weights" if is_unusual else ""
    return f"{backbone['name']}{block}{origin}-{settings['schedule']['name']}"


def short_key(key: str, differing: Sequence[str]) -> str:
    """Returns the end of a key, or of a group's name the group; more of it where the end alone would be unclear."""
    parts = key.removesuffix(".name").split(".")
    is_alone = sum(other.removesuffix(".name").split(".")[-1] == parts[-1] for other in differing) == 1
    return parts[-1] if is_alone else ".".join(parts[-2:])


def numbered(names: list[str]) -> list[str]:
    """Returns the names with a number behind those that would stand twice: of runs on other images, say."""
    counts = Counter(names)
    seen: Counter[str] = Counter()
    for position, name in enumerate(names):
        if counts[name] > 1:
            seen[name] += 1
            names[position] = f"{name} ({seen[name]})"
    return names
