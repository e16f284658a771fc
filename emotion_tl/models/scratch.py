"""Networks that are trained from scratch: what a pretrained backbone has to beat.

Each function maps a preprocessed image tensor (batch, size, size, channels) in 0..1 to a feature map; its stages end in
layers named `block1_pool`, `block2_pool` and so on.
"""

from collections.abc import Callable

import keras
from keras import layers

from emotion_tl.models.heads import BATCH_NORM_MOMENTUM


def convolution_block(
    features: keras.KerasTensor, filters: int, block: int, num_convolutions: int, dropout: float
) -> keras.KerasTensor:
    """Stacks 3x3 convolutions with BatchNormalization and ReLU, then halves the side and drops out."""
    for index in range(1, num_convolutions + 1):
        name = f"block{block}_conv{index}"
        features = layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal", name=name)(
            features
        )
        features = layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"{name}_bn")(features)
        features = layers.Activation("relu", name=f"{name}_relu")(features)
    if dropout:
        features = layers.Dropout(dropout, name=f"block{block}_dropout")(features)
    return layers.MaxPooling2D(2, name=f"block{block}_pool")(features)


def baseline_cnn(images: keras.KerasTensor) -> keras.KerasTensor:
    """Builds the reference of every comparison: four stages of two convolutions, 1.2 million weights at 48x48."""
    for block, (filters, dropout) in enumerate(((32, 0.1), (64, 0.15), (128, 0.2), (256, 0.25)), start=1):
        images = convolution_block(images, filters, block, num_convolutions=2, dropout=dropout)
    return images


def vgg_fer(images: keras.KerasTensor) -> keras.KerasTensor:
    """Builds a VGG for 48x48 faces, four stages of two convolutions with BatchNormalization.

    Reference:
        Khaireddin and Chen 2021, "Facial Emotion Recognition: State of the Art Performance on FER2013",
        arXiv:2105.03588: 73.28 % on PrivateTest after 300 epochs, with the head `flatten_wide`.
    """
    for block, filters in enumerate((64, 128, 256, 512), start=1):
        images = convolution_block(images, filters, block, num_convolutions=2, dropout=0.0)
    return images


def simple_cnn(images: keras.KerasTensor) -> keras.KerasTensor:
    """Builds the network of many tutorials: 16, 32 and 16 filters of 3x3, each with ReLU and max-pooling."""
    for block, filters in enumerate((16, 32, 16), start=1):
        images = layers.Conv2D(filters, 3, activation="relu", name=f"block{block}_conv1")(images)
        images = layers.MaxPooling2D(2, name=f"block{block}_pool")(images)
    return images


SCRATCH_NETWORKS: dict[str, Callable[[keras.KerasTensor], keras.KerasTensor]] = {
    "baseline_cnn": baseline_cnn,
    "simple_cnn": simple_cnn,
    "vgg_fer": vgg_fer,
}
