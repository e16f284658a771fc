"""The vectors by which labels are judged: pooled features of a frozen backbone, which runs share through the cache."""

import math

import keras
import numpy as np

from emotion_tl.audit.images import AuditedImages, images_at_once
from emotion_tl.command_config import AuditConfig, frozen_experiment
from emotion_tl.config import ExperimentConfig
from emotion_tl.data.progress import track
from emotion_tl.models.heads import POOLING_LAYER
from emotion_tl.models.transfer_model import TransferModel, build_transfer_model
from emotion_tl.runtime import configure
from emotion_tl.training.inputs import feed_splits
from emotion_tl.training.views import IMAGE
from emotion_tl.training_config import PhaseConfig


def backbone_features(images: AuditedImages, config: AuditConfig) -> np.ndarray:
    """Returns the pooled features of a pretrained backbone, floating (n, width), computed or read from the cache.

    Raises:
        WeightsError: where the pretrained weights cannot be had; random ones would show less than the pixels do.
    """
    experiment = frozen_experiment(config, config.backbone.weights)
    configure(experiment.trainer, experiment.seed)
    model = build_transfer_model(experiment, images.dataset.image_shape, images.dataset.num_classes)
    wanted = tuple((split, (IMAGE,)) for split in images.dataset.splits().values())
    feed = feed_splits(model, PhaseConfig(epochs=1, trainable_blocks=0), experiment, wanted)
    if feed.layer is None:
        return compute_features(model, images, experiment)
    first = feed.rows[0].read(np.arange(1))
    features = np.empty((len(images), *first.shape[1:]), first.dtype)
    for rows, start in zip(feed.rows, images.starts.values(), strict=True):
        rows.read_into(features[start : start + len(rows)])
    return features


def compute_features(model: TransferModel, images: AuditedImages, config: ExperimentConfig) -> np.ndarray:
    """Returns pooled features that could not be kept in the cache: float32 (n, width)."""
    pooled = keras.Model(model.network.input, model.network.get_layer(POOLING_LAYER).output)
    batch_size = config.trainer.evaluation_batch_size
    num_batches = math.ceil(len(images) / images_at_once(images.dataset))
    batches = track(images.batches(), num_batches, "Computing features, batches")
    features = np.empty((len(images), *pooled.output_shape[1:]), np.float32)
    for numbers, batch in batches:
        features[numbers] = pooled.predict(batch, batch_size=batch_size, verbose=0)
    return features
