"""The classifier on top of a backbone: pooling, hidden layers, logits."""

from typing import Any

import keras
from keras import initializers, layers

from emotion_tl.config import HeadConfig

# Of whatever is trained from scratch. The statistics of a few dozen steps have to do where an epoch is no longer than
# that; Keras' own 0.99 needs hundreds until validation sees what training sees.
BATCH_NORM_MOMENTUM = 0.9
# Name of the layer whose output is the vector that stands for an image.
POOLING_LAYER = "pooling"
# And of the one whose output goes into the softmax.
LOGITS_LAYER = "logits"


def apply_head(features: keras.KerasTensor, config: HeadConfig, num_classes: int, seed: int) -> keras.KerasTensor:
    """Returns the logits of a feature map.

    Args:
        features: (batch, height, width, channels).

    Returns:
        float32 (batch, num_classes), also under mixed precision, where softmax and loss would lose digits.
    """
    return classify(pool(features, config.pooling), config, num_classes, seed)


def classify(vector: keras.KerasTensor, config: HeadConfig, num_classes: int, seed: int) -> keras.KerasTensor:
    """Returns the logits, float32 (batch, num_classes), of pooled features (batch, width).

    Its first weights and its dropout depend on the seed alone, and not on what was built before: a head that was tried
    by itself starts as it does on top of its backbone.
    """
    for index, width in enumerate(config.units, start=1):
        vector = dense(width, seed + index, use_bias=not config.batch_norm, name=f"head_dense{index}")(vector)
        if config.batch_norm:
            vector = layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"head_dense{index}_bn")(vector)
        vector = layers.Activation("relu", name=f"head_dense{index}_relu")(vector)
        if config.dropout:
            vector = layers.Dropout(config.dropout, seed=seed + index, name=f"head_dropout{index}")(vector)
    if config.dropout and not config.units:
        vector = layers.Dropout(config.dropout, seed=seed, name="head_dropout")(vector)
    return dense(num_classes, seed, dtype="float32", name=LOGITS_LAYER)(vector)


def dense(width: int, seed: int, **settings: Any) -> layers.Dense:
    """Returns a layer whose first weights depend on the seed alone."""
    return layers.Dense(width, kernel_initializer=initializers.GlorotUniform(seed), **settings)


def pool(features: keras.KerasTensor, pooling: str) -> keras.KerasTensor:
    """Returns a feature map (batch, height, width, channels) as one vector an image."""
    if pooling == "flatten":
        return layers.Flatten(name=POOLING_LAYER)(features)
    layer = layers.GlobalAveragePooling2D if pooling == "avg" else layers.GlobalMaxPooling2D
    return layer(name=POOLING_LAYER)(features)
