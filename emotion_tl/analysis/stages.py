"""How much of a network learns: the steps from a frozen backbone to a network from scratch, and what each is worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from emotion_tl.analysis.compared_model import ComparedModel, best_on_val_first
from emotion_tl.analysis.model_names import numbered, tell_apart
from emotion_tl.analysis.told import told_fraction
from emotion_tl.analysis.training_time import seconds_outside_epochs
from emotion_tl.identity import flatten, hash_content, settings_with_effect
from emotion_tl.tracking.run_record import RunRecord

FROZEN, LAST_BLOCKS, ALL_UNFROZEN, FROM_SCRATCH = "frozen", "last blocks", "all unfrozen", "from scratch"
RANDOM_FROZEN, RANDOM_LAST_BLOCKS = "random, frozen", "random, last blocks"
"""No steps of a ladder: where blocks keep random weights to the end, a network is not trained from scratch."""
STAGES = (FROZEN, LAST_BLOCKS, ALL_UNFROZEN, FROM_SCRATCH)


@dataclass(frozen=True, eq=False)
class Ladder:
    """Models of one network on the same images that differ in how much of it learns.

    Attributes:
        network: its name and where it is cut.
        steps: (stage, model) in the order of `STAGES`, two or more.
    """

    network: str
    steps: tuple[tuple[str, ComparedModel], ...]


def stage_of(model: ComparedModel) -> str:
    """Returns how much of the backbone learns in any phase, and from which weights.

    From random weights every block has to learn for it to be trained from scratch.
    """
    trained = [phase["trainable_blocks"] for phase in model.settings["schedule"]["phases"].values()]
    if not model.is_pretrained:
        return FROM_SCRATCH if None in trained else RANDOM_LAST_BLOCKS if any(trained) else RANDOM_FROZEN
    return ALL_UNFROZEN if None in trained else LAST_BLOCKS if any(trained) else FROZEN


def is_from_scratch(model: ComparedModel) -> bool:
    """Returns whether a model answers for training without pretrained weights, as the baseline of transfer does."""
    return stage_of(model) == FROM_SCRATCH


def find_ladders(models: Sequence[ComparedModel]) -> list[Ladder]:
    """Returns the networks trained in two or more stages on the same images; of each stage the best model on val."""
    groups: dict[str, dict[str, ComparedModel]] = {}
    for model in best_on_val_first([model for model in models if stage_of(model) in STAGES]):
        key = hash_content([network_settings(model), model.tags.get("dataset_fingerprint")])
        groups.setdefault(key, {}).setdefault(stage_of(model), model)
    ladders = [group for group in groups.values() if len(group) > 1]
    names = name_networks([next(iter(group.values())) for group in ladders])
    return [
        Ladder(name, tuple((stage, group[stage]) for stage in STAGES if stage in group))
        for name, group in zip(names, ladders, strict=True)
    ]


def network_settings(model: ComparedModel) -> dict[str, Any]:
    """Returns what models have in common that differ in their schedule and weights alone."""
    settings = settings_with_effect(model.settings)
    backbone = {key: value for key, value in settings["backbone"].items() if "weights" not in key}
    kept = {name: content for name, content in settings.items() if name not in ("seed", "schedule")}
    return kept | {"backbone": backbone}


def name_networks(models: Sequence[ComparedModel]) -> list[str]:
    """Returns a name for the network of each model, told apart from the others by what differs in its settings."""
    settings = [flatten(network_settings(model)) for model in models]
    return numbered(tell_apart([network_name(model) for model in models], settings))


def network_name(model: ComparedModel) -> str:
    """Returns the backbone, where it is cut, and what is unusual about its images and classes."""
    settings = model.settings
    backbone, fraction = settings["backbone"], model.train_fraction
    parts = [f"{backbone['name']} to {backbone['output_block']}" if backbone["output_block"] else backbone["name"]]
    parts += [f"{told_fraction(fraction)} of the training images"] if fraction < 1 else []
    parts += [settings["imbalance"]["name"]] if settings["imbalance"]["name"] != "none" else []
    return ", ".join(parts)


def learning_curve(run: RunRecord) -> pd.DataFrame:
    """Returns the best val accuracy so far over the epochs and the seconds of a run.

    What a run spends outside of its epochs, on computing frozen activations above all, counts before the first of them.

    Returns:
        Columns epoch, seconds (since the training began) and val_accuracy (0..1, the best so far), a row an epoch.
    """
    history = run.history
    return pd.DataFrame(
        {
            "epoch": history["epoch"],
            "seconds": seconds_outside_epochs(run) + history["seconds"].cumsum(),
            "val_accuracy": history["val_accuracy"].cummax(),
        }
    )


def best_within(run: RunRecord, budget: float, of: str) -> float:
    """Returns the best val accuracy within a budget of "epoch" or "seconds"; NaN where no epoch ended in it."""
    curve = learning_curve(run)
    within = curve.loc[curve[of] <= budget, "val_accuracy"]
    return float(within.max()) if len(within) else float("nan")


def equal_budgets(ladder: Ladder) -> dict[str, float]:
    """Returns the epochs and the seconds that the shortest training of a ladder took: what all of them had.

    Of the seeds of a model the longest counts: the first of them computes the activations that the others read.
    """
    curves = [[learning_curve(run) for run in model.runs] for _, model in ladder.steps]
    return {of: float(min(max(curve[of].max() for curve in seeds) for seeds in curves)) for of in ("epoch", "seconds")}
