"""The settings that decide how a training goes on: a state is for the training that has the same ones."""

from typing import Any

from emotion_tl.config import ExperimentConfig, to_plain
from emotion_tl.identity import flatten
from emotion_tl.models.transfer_model import TransferModel

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
        "weights": [model.weights.name, model.weights.sha256],
        **{key: value for key, value in settings.items() if key not in WITHOUT_EFFECT},
    }
