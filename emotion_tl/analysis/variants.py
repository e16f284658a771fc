"""Models that differ in one thing alone: the share of the images they learnt from, or the treatment of imbalance."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from emotion_tl.analysis.compared_model import ComparedModel, best_on_val_first
from emotion_tl.analysis.model_names import name_models, numbered, tell_apart
from emotion_tl.identity import hash_content, settings_with_effect

STRENGTHS = {
    "none": (),
    "class_weight": ("power", "max_class_weight"),
    "oversample": ("power",),
    "focal": ("focal_gamma",),
    "logit_adjust": ("logit_adjustment_temperature",),
}
"""Treatment of imbalance -> the settings that it reads; the others lie there without an effect."""


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
    return find_variants(
        models, lambda model: model.train_fraction, without_train_fraction, same_images="test_fingerprint"
    )


def over_imbalance_treatments(models: Sequence[ComparedModel]) -> list[Variants]:
    """Returns the models that were trained under two or more treatments of imbalance, by name and strength."""
    treatments = [treatment_of(model) for model in models]
    distinct = {hash_content(treatment): treatment for treatment in treatments}
    told = tell_apart([treatment["name"] for treatment in distinct.values()], list(distinct.values()))
    names = dict(zip(distinct, told, strict=True))
    return find_variants(
        models,
        lambda model: names[hash_content(treatment_of(model))],
        lambda settings: {name: content for name, content in settings.items() if name != "imbalance"},
        same_images="dataset_fingerprint",
    )


def find_variants(
    models: Sequence[ComparedModel],
    value_of: Callable[[ComparedModel], Any],
    shared_settings: Callable[[dict[str, Any]], dict[str, Any]],
    same_images: str,
) -> list[Variants]:
    """Returns the groups of models with the same shared settings and two or more values; of each the best on val.

    Args:
        models: all that are compared, tested on the same images.
        value_of: returns the value of the setting in which a group differs.
        shared_settings: returns the other settings.
        same_images: the tag that is the same within a group: that of the test images, or of all, learnt from or not.
    """
    groups: dict[str, dict[Any, ComparedModel]] = {}
    shared: dict[str, dict[str, Any]] = {}
    for model in best_on_val_first(models):
        settings = shared_settings(settings_with_effect(model.settings))
        settings = {name: content for name, content in settings.items() if name != "seed"}
        key = hash_content([settings, model.tags.get("weights"), model.tags.get(same_images)])
        groups.setdefault(key, {}).setdefault(value_of(model), model)
        shared[key] = settings
    several = {key: group for key, group in groups.items() if len(group) > 1}
    made = name_models([shared[key] for key in several])
    names = numbered([common_name(group.values()) or name for group, name in zip(several.values(), made, strict=True)])
    return [
        Variants(name, tuple(sorted(group.items(), key=lambda item: item[0])))
        for name, group in zip(names, several.values(), strict=True)
    ]


def treatment_of(model: ComparedModel) -> dict[str, Any]:
    """Returns the name of a model's treatment of imbalance, and of its settings those that this treatment reads."""
    imbalance = model.settings["imbalance"]
    return {key: imbalance[key] for key in ("name", *STRENGTHS[imbalance["name"]])}


def without_train_fraction(settings: dict[str, Any]) -> dict[str, Any]:
    """Returns the settings without the share of the training images."""
    data = {key: value for key, value in settings["data"].items() if key != "train_fraction"}
    return settings | {"data": data}


def common_name(models: Iterable[ComparedModel]) -> str | None:
    """Returns the name of the arm that all models are of; None where they are of several."""
    arms = {model.name.split(", ")[0] for model in models}
    return arms.pop() if len(arms) == 1 else None
