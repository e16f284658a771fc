"""Runs that differ in their seed alone are one model.

What a run was fed is part of the model: where activations could not be cached, on a full disk say, the network has seen
freshly augmented images in the place of fixed views.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from emotion_tl.analysis.model_names import name_models, numbered, tell_apart
from emotion_tl.analysis.model_predictions import ModelPredictions
from emotion_tl.evaluation.predictions import classes_of, probability_columns
from emotion_tl.fed import is_cached
from emotion_tl.identity import hash_content, settings_with_effect
from emotion_tl.tracking.run_record import RunRecord
from emotion_tl.tracking.runs import INPUTS_TAG


@dataclass(frozen=True, eq=False)
class ComparedModel:
    """One model, trained from one or more seeds on the same images.

    Attributes:
        name: told apart from the others by what differs in its settings.
        runs: one a seed, in the order of the seeds.
        earlier: runs of the same seeds that started before them and do not count.
    """

    name: str
    runs: tuple[RunRecord, ...] = field(repr=False)
    earlier: tuple[RunRecord, ...] = field(default=(), repr=False)

    @property
    def settings(self) -> dict[str, Any]:
        """Returns the configuration, with the seed of the first run."""
        return self.runs[0].settings

    @property
    def tags(self) -> dict[str, str]:
        """Returns the MLflow tags of the first run."""
        return self.runs[0].tags

    @property
    def inputs(self) -> str:
        """Returns what each phase was fed, in words."""
        return self.tags.get(INPUTS_TAG, "unknown")

    @property
    def seeds(self) -> tuple[int, ...]:
        """Returns the seeds of the runs."""
        return tuple(run.seed for run in self.runs)

    @property
    def is_pretrained(self) -> bool:
        """Returns whether the backbone began with pretrained weights."""
        return self.tags.get("pretrained") == "yes"

    @property
    def train_fraction(self) -> float:
        """Returns the share of the training images that it learnt from; runs from before there was one took all."""
        return float(self.settings["data"].get("train_fraction", 1.0))

    @cached_property
    def val(self) -> ModelPredictions:
        """Returns the predictions on val."""
        return self.predictions("val")

    @cached_property
    def test(self) -> ModelPredictions:
        """Returns the predictions on test."""
        return self.predictions("test")

    def predictions(self, split: str) -> ModelPredictions:
        """Returns the predictions of all seeds on a split, the images in the order of their names."""
        tables = [split_table(run.predictions, split) for run in self.runs]
        class_names = classes_of(tables[0])
        columns = probability_columns(class_names)
        return ModelPredictions(
            name=self.name,
            seeds=self.seeds,
            labels=pd.Categorical(tables[0]["label"], categories=class_names).codes.astype(np.int64),
            probabilities=np.stack([table[columns].to_numpy(dtype=np.float64) for table in tables]),
            has_copy=tables[0]["has_copy"].to_numpy(dtype=bool),
            class_names=class_names,
        )

    def mean_metric(self, name: str) -> float:
        """Returns the mean over the seeds of a metric of the runs; NaN where a run does not have it."""
        return float(np.mean([run.metrics.get(name, np.nan) for run in self.runs]))


def split_table(predictions: pd.DataFrame, split: str) -> pd.DataFrame:
    """Returns the predictions on one split, by image."""
    return predictions[predictions["split"] == split].set_index("image").sort_index()


def group_runs(runs: Sequence[RunRecord], names: dict[str, str] | None = None) -> list[ComparedModel]:
    """Puts runs together that differ in their seed alone; of two with the same seed the latest counts.

    Args:
        runs: the latest first.
        names: run id -> what its model is called; None names the models by their settings.
    """
    groups: dict[str, dict[int, list[RunRecord]]] = {}
    for run in runs:
        groups.setdefault(model_key(run), {}).setdefault(run.seed, []).append(run)
    members = [tuple(by_seed[seed][0] for seed in sorted(by_seed)) for by_seed in groups.values()]
    earlier = [tuple(run for seed in sorted(by_seed) for run in by_seed[seed][1:]) for by_seed in groups.values()]
    inputs = [inputs_in_short(group[0]) for group in members]
    made = name_models([group[0].settings for group in members], inputs)
    named = [(names or {}).get(group[0].run_id, name) for group, name in zip(members, made, strict=True)]
    told = numbered(tell_apart(named, inputs))
    return [ComparedModel(*model) for model in zip(told, members, earlier, strict=True)]


def best_on_val_first(models: Sequence[ComparedModel]) -> list[ComparedModel]:
    """Returns the models by their val accuracy: whoever has to choose one of several may not look at test."""
    return sorted(models, key=lambda model: -model.mean_metric("val_accuracy"))


def inputs_in_short(run: RunRecord) -> dict[str, str]:
    """Returns what a run was fed as a setting, by which a name may tell it from another run."""
    return {INPUTS_TAG: "cached" if is_cached(run.tags.get(INPUTS_TAG, "")) else "images"}


def model_key(run: RunRecord) -> str:
    """Returns what two runs of one model have in common: what was configured, and what the phases were fed."""
    return hash_content([configured_key(run), run.tags.get(INPUTS_TAG)])


def configured_key(run: RunRecord) -> str:
    """Returns what is the same for two runs with all settings with an effect but the seed, and the images, the same."""
    settings = settings_with_effect(run.settings)
    settings.pop("seed")
    settings["backbone"]["weights"] = run.tags.get("weights_sha256") or run.tags.get("weights")
    return hash_content([settings, run.tags.get("dataset_fingerprint"), run.tags.get("test_fingerprint")])
