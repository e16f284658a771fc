"""Which layers a phase trains, and how fast each of them."""

import keras

from emotion_tl.models.transfer_model import TransferModel
from emotion_tl.training_config import PhaseConfig


def set_trainable(model: TransferModel, phase: PhaseConfig) -> None:
    """Freezes and unfreezes layers as the phase says. Takes effect at the next `compile`.

    A frozen BatchNormalization layer uses its moving statistics and leaves them as they are, which calling the backbone
    with `training=False` does not achieve inside `fit`.
    """
    train_batch_norm = phase.train_batch_norm
    if train_batch_norm is None:
        train_batch_norm = not model.weights.pretrained
    for frozen in model.blocks:
        for layer in frozen.layers:
            layer.trainable = False
    for block in trained_blocks(model, phase):
        for layer in block.layers:
            layer.trainable = train_batch_norm or not isinstance(layer, keras.layers.BatchNormalization)
    for layer in model.head:
        layer.trainable = True


def trained_blocks(model: TransferModel, phase: PhaseConfig) -> tuple:
    """Returns the blocks of the backbone that the phase trains, from the input to the output."""
    if phase.trainable_blocks is None:
        return model.blocks
    return model.blocks[len(model.blocks) - phase.trainable_blocks :]


def learning_rate_multipliers(model: TransferModel, layer_decay: float) -> dict[str, float]:
    """Returns the factor of the learning rate by variable path: `layer_decay` to the power of the depth."""
    return {
        variable.path: layer_decay**depth
        for depth, block in enumerate(reversed(model.blocks), start=1)
        for layer in block.layers
        for variable in layer.trainable_variables
    }
