"""Where a phase's frozen layers end: the network below that point as one model, what is above it as another.

Both are made of the whole network's layers. What the upper one learns stands in the whole network at once, so that
evaluation, checkpoint and export know of one network alone.
"""

from dataclasses import dataclass

import keras

from emotion_tl.models.heads import POOLING_LAYER
from emotion_tl.models.transfer_model import TransferModel


@dataclass(frozen=True)
class Cut:
    """A network taken apart.

    Attributes:
        layer: name of the layer whose output is handed on.
        frozen: raw uint8 images (batch, height, width, channels) to the activations at the cut.
        tail: those activations to logits (batch, num_classes).
    """

    layer: str
    frozen: keras.Model
    tail: keras.Model


def cut_network(model: TransferModel, trainable_blocks: int | None) -> Cut | None:
    """Takes a network apart where a phase that trains the last blocks begins to train.

    Args:
        trainable_blocks: 0 cuts behind the pooling, n before the last n blocks, None nowhere.

    Returns:
        None where nothing is frozen, or where a frozen layer is random, as dropout is, and so has no one output.
    """
    if trainable_blocks is None or trainable_blocks == len(model.blocks):
        return None
    layer = POOLING_LAYER if trainable_blocks == 0 else model.blocks[-1 - trainable_blocks].name
    activations = model.network.get_layer(layer).output
    frozen = keras.Model(model.network.input, activations, name=f"{model.network.name}_up_to_{layer}")
    if any(isinstance(frozen_layer, keras.layers.Dropout) for frozen_layer in frozen.layers):
        return None
    tail = keras.Model(activations, model.network.output, name=f"{model.network.name}_from_{layer}")
    return Cut(layer, frozen, tail)
