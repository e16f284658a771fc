"""Predicts whole splits with a trained network."""

import keras
import numpy as np
from scipy.special import softmax

from emotion_tl.config import ExperimentConfig
from emotion_tl.data.dataset import Split
from emotion_tl.models.transfer_model import TransferModel
from emotion_tl.runtime import choose_jit_compile, find_device
from emotion_tl.training.batches import EvaluationBatches
from emotion_tl.training.inputs import feed_splits
from emotion_tl.training.rows import Rows
from emotion_tl.training.views import IMAGE
from emotion_tl.training_config import PhaseConfig


def predict_splits(
    model: TransferModel, phase: PhaseConfig, splits: tuple[Split, ...], config: ExperimentConfig
) -> list[np.ndarray]:
    """Returns for each split the float32 probabilities (n, num_classes) of its images, in their order.

    Args:
        phase: the phase that the weights come from. What it kept frozen is read from the cache as in training.
    """
    feed = feed_splits(model, phase, config, tuple((split, (IMAGE,)) for split in splits))
    # The whole network stays as it was compiled: a model of its own on the same layers is predicted with.
    predicted = keras.Model(feed.network.input, feed.network.output)
    predicted.compile(jit_compile=choose_jit_compile(config.trainer, find_device()))
    return [predict_probabilities(predicted, each, config.trainer.evaluation_batch_size) for each in feed.rows]


def predict_probabilities(network: keras.Model, rows: Rows, batch_size: int) -> np.ndarray:
    """Returns the softmax of a network's logits: float32 (n, num_classes) in the order of the images."""
    logits = network.predict(EvaluationBatches(rows, network.output.shape[-1], batch_size), verbose=0)
    return softmax(np.asarray(logits)[: len(rows)], axis=-1)
