"""Where a network is cut to be explained: its last feature map that still tells places apart."""

from dataclasses import dataclass
from functools import cached_property

import keras

from emotion_tl.explanation.gradients import GradientFunction, logit_gradients
from emotion_tl.models.heads import LOGITS_LAYER, POOLING_LAYER
from emotion_tl.models.specifications import get_specification

# On a small face the last feature map of a deep network is one cell, and every map drawn from it is flat. With four
# cells a side, the eyes and the mouth lie in different ones.
MINIMUM_SIDE = 4


@dataclass(frozen=True)
class ExplainedNetwork:
    """A network taken apart at the feature map that its explanations are drawn from.

    Attributes:
        layer: name of the layer that gives the feature map.
        features: raw uint8 images (batch, height, width, channels) to feature maps (batch, rows, columns, width).
        classifier: those feature maps to logits (batch, num_classes).
    """

    layer: str
    features: keras.Model
    classifier: keras.Model

    @cached_property
    def gradients(self) -> GradientFunction:
        """Returns `logit_gradients` of the classifier, made once, as a backend may compile it."""
        return logit_gradients(self.classifier)


def cut_at_feature_map(network: keras.Model, backbone: str) -> ExplainedNetwork:
    """Takes a network apart at the last feature map of `MINIMUM_SIDE` cells a side or more; else at the largest.

    Args:
        network: from images to logits or to probabilities, trained or loaded; a head whose layers have their usual
            names stands on the backbone.
        backbone: name of the backbone, one of `emotion_tl.models.specifications.BACKBONES`.
    """
    candidates = feature_maps(network, backbone)
    sides = [min(candidate.shape[1:3]) for candidate in candidates]
    wanted = min(MINIMUM_SIDE, max(sides))
    return cut_at(network, next(each for each, side in zip(candidates, sides, strict=True) if side >= wanted))


def cut_at_last(network: keras.Model) -> ExplainedNetwork:
    """Takes a network apart at the feature map that its head pools, whatever the size."""
    return cut_at(network, network.get_layer(POOLING_LAYER).input)


def cut_at(network: keras.Model, feature_map: keras.KerasTensor) -> ExplainedNetwork:
    """Takes a network apart at a feature map that everything flows through."""
    # Not at the probabilities: softmax mixes what speaks for a class with what speaks against the others.
    logits = network.get_layer(LOGITS_LAYER).output
    return ExplainedNetwork(
        feature_map._keras_history.operation.name,
        keras.Model(network.input, feature_map),
        keras.Model(feature_map, logits),
    )


def feature_maps(network: keras.Model, backbone: str) -> list[keras.KerasTensor]:
    """Returns the feature maps at which a network can be cut, from the last to the first.

    These are the outputs of its blocks and, where a block ends by making its map smaller, what it makes smaller: the
    last convolutions of a VGG, from which its Grad-CAM is usually drawn.
    """
    layers = {layer.name: layer for layer in network.layers}
    blocks = [layers[name] for name in get_specification(backbone).blocks if name in layers]
    found = []
    for block in reversed(blocks):
        found.append(block.output)
        if isinstance(block, keras.layers.MaxPooling2D):
            found.append(block.input)
    return found
