"""The one graph of an experiment: raw uint8 image -> augmentation -> preprocessing -> backbone -> head -> logits.

The backbone's layers stand in the graph themselves rather than as a model in a model: cutting, Grad-CAM and export stay
simple, and `trainable` means what it says.
"""

from dataclasses import dataclass

import keras

from emotion_tl.config import ExperimentConfig
from emotion_tl.models.augmentation import augmentation_layers
from emotion_tl.models.heads import apply_head
from emotion_tl.models.preprocessing import to_backbone_input, to_float
from emotion_tl.models.scratch import SCRATCH_NETWORKS
from emotion_tl.models.specifications import BackboneSpecification, get_specification
from emotion_tl.models.weights import WeightsOrigin, load_pretrained


@dataclass(frozen=True)
class Block:
    """A stretch of the backbone between two places where it can be cut.

    Attributes:
        name: name of the block's last layer.
        layers: its layers that have weights.
    """

    name: str
    layers: tuple[keras.layers.Layer, ...]


@dataclass(frozen=True)
class TransferModel:
    """A backbone with a head, ready to be trained.

    Attributes:
        network: uint8 (batch, height, width, channels) to float32 logits (batch, num_classes).
        blocks: the backbone's blocks, from the input to the output.
        head: the layers with weights above the backbone.
        weights: where the backbone's weights come from.
    """

    network: keras.Model
    blocks: tuple[Block, ...]
    head: tuple[keras.layers.Layer, ...]
    weights: WeightsOrigin

    def probabilities(self) -> keras.Model:
        """Returns a model on the same weights that gives float32 probabilities (batch, num_classes)."""
        softmax = keras.layers.Softmax(dtype="float32", name="probabilities")
        return keras.Model(self.network.input, softmax(self.network.output), name=self.network.name)


def build_transfer_model(
    config: ExperimentConfig, image_shape: tuple[int, int, int], num_classes: int
) -> TransferModel:
    """Builds the network of an experiment.

    Args:
        image_shape: height, width and channels of the stored uint8 images.
        num_classes: number of classes, 2 or more.

    Raises:
        WeightsError: where pretrained weights cannot be had or do not fit.
    """
    specification = get_specification(config.backbone.name)
    images = keras.Input(image_shape, dtype="uint8", name="image")
    pixels = to_float(images)
    for layer in augmentation_layers(config.augmentation, config.seed):
        # What a direct call `network(images)` gets; `fit` says True. Keras' image layers are in training unless told
        # otherwise, and hand that on to all layers after them.
        pixels = layer(pixels, training=False)
    pixels = to_backbone_input(pixels, specification, config.backbone.image_size)
    features, weights = apply_backbone(pixels, specification, config)
    blocks = split_into_blocks(images, pixels, features, specification.blocks_up_to(config.backbone.output_block))
    logits = apply_head(features, config.head, num_classes, config.seed)
    network = keras.Model(images, logits, name=config.backbone.name)
    head = layers_with_weights(images, logits) - layers_with_weights(images, features)
    return TransferModel(network, blocks, in_graph_order(network, head), weights)


def apply_backbone(
    pixels: keras.KerasTensor, specification: BackboneSpecification, config: ExperimentConfig
) -> tuple[keras.KerasTensor, WeightsOrigin]:
    """Returns the backbone's feature map at its output block, and where its weights come from.

    Raises:
        WeightsError: where pretrained weights cannot be had or do not fit.
    """
    backbone = config.backbone
    features = build_features(pixels, specification, backbone.name)
    origin = load_pretrained(backbone, pixels, features)
    if origin.fallback:
        # New layers, for these may hold a part of what did not fit.
        features = build_features(pixels, specification, backbone.name)
    network = keras.Model(keras.utils.get_source_inputs(pixels), features)
    return network.get_layer(specification.blocks_up_to(backbone.output_block)[-1]).output, origin


def build_features(pixels: keras.KerasTensor, specification: BackboneSpecification, name: str) -> keras.KerasTensor:
    """Returns the feature map of a whole backbone with random weights."""
    if specification.application is None:
        return SCRATCH_NETWORKS[name](pixels)
    application = getattr(keras.applications, specification.application)
    return application(include_top=False, weights=None, input_tensor=pixels).output


def split_into_blocks(
    images: keras.KerasTensor, pixels: keras.KerasTensor, features: keras.KerasTensor, names: tuple[str, ...]
) -> tuple[Block, ...]:
    """Sorts the backbone's layers into blocks: to each belongs what its end depends on and the one before does not."""
    backbone = keras.Model(images, features)
    known = layers_with_weights(images, pixels)
    blocks = []
    for name in names:
        reached = layers_with_weights(images, backbone.get_layer(name).output)
        blocks.append(Block(name, in_graph_order(backbone, reached - known)))
        known = reached
    return tuple(blocks)


def layers_with_weights(images: keras.KerasTensor, tensor: keras.KerasTensor) -> set[keras.layers.Layer]:
    """Returns the layers with weights that a tensor depends on."""
    return {layer for layer in keras.Model(images, tensor).layers if layer.weights}


def in_graph_order(network: keras.Model, layers: set[keras.layers.Layer]) -> tuple[keras.layers.Layer, ...]:
    """Returns layers in the order of the graph."""
    return tuple(layer for layer in network.layers if layer in layers)
