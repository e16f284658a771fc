"""What models are called: short where that is enough, with what differs where it is not."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from emotion_tl.identity import settings_with_effect
from emotion_tl.models.specifications import get_specification

NAME_PARTS = {"backbone.name", "backbone.output_block", "backbone.weights", "schedule.name", "seed"}


def name_models(settings: Sequence[dict[str, Any]]) -> list[str]:
    """Returns a name for each model: its backbone and schedule, and where several share them, the settings that differ.

    Args:
        settings: the configuration of each model as nested dicts.
    """
    names = [base_name(each) for each in settings]
    shared = {name for name, count in Counter(names).items() if count > 1}
    for name in shared:
        positions = [position for position, other in enumerate(names) if other == name]
        flat = [dict(flatten(settings_with_effect(settings[position]))) for position in positions]
        differing = [key for key in sorted({key for each in flat for key in each}) if is_told(key, flat)]
        for position, own in zip(positions, flat, strict=True):
            told = ", ".join(f"{short_key(key, differing)}={own[key]}" for key in differing if key in own)
            names[position] = f"{name}, {told}" if told else name
    return numbered(names)


def base_name(settings: dict[str, Any]) -> str:
    """Returns backbone, where it is cut, and schedule."""
    backbone = settings["backbone"]
    block = f"-{backbone['output_block']}" if backbone["output_block"] else ""
    is_unusual = backbone["weights"] is None and get_specification(backbone["name"]).application is not None
    origin = "-random_weights" if is_unusual else ""
    return f"{backbone['name']}{block}{origin}-{settings['schedule']['name']}"


def flatten(settings: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yields each setting with its dotted key."""
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def is_told(key: str, flat: Sequence[dict[str, Any]]) -> bool:
    """Returns whether a setting tells models apart."""
    return key not in NAME_PARTS and len({repr(each.get(key)) for each in flat}) > 1


def short_key(key: str, differing: Sequence[str]) -> str:
    """Returns the end of a key, or its last two parts where the end alone would be unclear."""
    parts = key.split(".")
    is_alone = sum(other.split(".")[-1] == parts[-1] for other in differing) == 1
    return parts[-1] if is_alone and parts[-1] != "name" else ".".join(parts[-2:])


def numbered(names: list[str]) -> list[str]:
    """Returns the names with a number behind those that would stand twice: of runs on other images, say."""
    counts = Counter(names)
    seen: Counter[str] = Counter()
    for position, name in enumerate(names):
        if counts[name] > 1:
            seen[name] += 1
            names[position] = f"{name} ({seen[name]})"
    return names
