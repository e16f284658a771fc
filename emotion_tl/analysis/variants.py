"""Models that differ in one thing alone: the share of the images they learnt from, or the treatment of imbalance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from emotion_tl.analysis.compared_model import ComparedModel
from emotion_tl.identity import hash_content, settings_with_effect


@dataclass(frozen=True, eq=False)
class Variants:
    """Models that are the same but for one setting.

    Attributes:
        name: of what they share.
        members: (value of the setting, model), in order of the values.
    """

    name: str
    members: tuple[tuple[Any, ComparedModel], ...]


def over_train_fractions(models: Sequence[ComparedModel]) -> list[Variants]:
    """Returns the models that were trained on two or more shares of the training images, by share."""
    return find_variants(models, train_fraction, without_train_fraction)


def over_imbalance_treatments(models: Sequence[ComparedModel]) -> list[Variants]:
    """Returns the models that were trained under two or more treatments of imbalance, by name."""
    return find_variants(
        models,
        lambda model: model.settings["imbalance"]["name"],
        lambda settings: {name: content for name, content in settings.items() if name != "imbalance"},
    )


def find_variants(
    models: Sequence[ComparedModel],
    value_of: Callable[[ComparedModel], Any],
    shared_settings: Callable[[dict[str, Any]], dict[str, Any]],
) -> list[Variants]:
    """Returns the groups of models with the same shared settings and two or more values; of each value the first."""
    groups: dict[str, dict[Any, ComparedModel]] = {}
    for model in models:
        settings = shared_settings(settings_with_effect(model.settings))
        settings = {name: content for name, content in settings.items() if name != "seed"}
        key = hash_content([settings, model.tags.get("weights"), model.tags.get("test_fingerprint")])
        groups.setdefault(key, {}).setdefault(value_of(model), model)
    return [
        Variants(shortest_name(group.values()), tuple(sorted(group.items(), key=lambda item: item[0])))
        for group in groups.values()
        if len(group) > 1
    ]


def train_fraction(model: ComparedModel) -> float:
    """Returns the share of the training images that a model learnt from."""
    return float(model.settings["data"].get("train_fraction", 1.0))


def without_train_fraction(settings: dict[str, Any]) -> dict[str, Any]:
    """Returns the settings without the share of the training images."""
    data = {key: value for key, value in settings["data"].items() if key != "train_fraction"}
    return settings | {"data": data}


def shortest_name(models: Any) -> str:
    """Returns what the names of the models have in common: what stands before the setting that differs."""
    return min((model.name for model in models), key=len).split(", ")[0]
