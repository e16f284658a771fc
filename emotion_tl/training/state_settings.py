"""The settings that decide how a training goes on: a state is for the training that has the same ones."""

from pathlib import Path
from typing import Any

from emotion_tl.config import ExperimentConfig, to_plain
from emotion_tl.identity import describe_differences, flatten
from emotion_tl.models.transfer_model import TransferModel
from emotion_tl.training.state_files import TrainingStateError

SECTIONS = ("seed", "augmentation", "imbalance", "schedule", "backbone", "head", "trainer")
# What things are called, where and how fast they are computed. The weights that a backbone started with are known by
# their content. Another device or batch size of the evaluation rounds differently, and a training may move there.
WITHOUT_EFFECT = {
    "augmentation.name",
    "schedule.name",
    "head.name",
    "backbone.weights",
    "backbone.allow_random_weights",
    "trainer.require_gpu",
    "trainer.jit_compile",
    "trainer.deterministic",
    "trainer.devices",
    "trainer.evaluation_batch_size",
    "trainer.steps_per_execution",
    "trainer.cache_size_limit",
}


def deciding_settings(config: ExperimentConfig, model: TransferModel, dataset_fingerprint: str) -> dict[str, Any]:
    """Returns the settings that decide what a training computes, by dotted key, and what else does."""
    plain = to_plain(config)
    settings = flatten({section: plain[section] for section in SECTIONS})
    return {
        "dataset": dataset_fingerprint,
        # The whole network and a head on its features are trained with the same settings.
        "network": model.network.name,
        "weights": model.weights.sha256 or model.weights.name,
        **{key: value for key, value in settings.items() if key not in WITHOUT_EFFECT},
    }


def check_same_training(folder: Path, kept: dict[str, Any], now: dict[str, Any]) -> None:
    """Checks that a state is of the training that is to go on from it.

    Args:
        folder: where the state lies.
        kept, now: the settings in the state and those of the training.

    Raises:
        TrainingStateError: naming what differs.
    """
    weights = kept["weights"]
    if isinstance(weights, list):
        # States were once kept with the name of the file beside its hash.
        kept = kept | {"weights": weights[1] or weights[0]}
    differences = describe_differences(kept, now)
    if differences:
        raise TrainingStateError(folder, f"the state is of another training: {differences}.")
