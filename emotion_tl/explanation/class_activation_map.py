"""Class activation maps: the map of a head that averages over places and is linear after that, without a gradient."""

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from emotion_tl.errors import ConfigurationError
from emotion_tl.explanation.activation_maps import ActivationMaps, to_image_maps
from emotion_tl.explanation.feature_maps import LOGITS_LAYER, ExplainedNetwork
from emotion_tl.explanation.grad_cam import IMAGES_AT_ONCE, read_feature_maps, whole_batch

# What may stand between a feature map and its logits: average, linear layer, and dropout, which does nothing here.
PLAIN_HEAD = (keras.layers.InputLayer, keras.layers.GlobalAveragePooling2D, keras.layers.Dropout, keras.layers.Dense)


def class_activation_map(network: ExplainedNetwork, images: NDArray[np.uint8], classes: ArrayLike) -> ActivationMaps:
    """Returns where in each image the network sees a class: its feature map weighted with the weights of the class.

    For such a head it is Grad-CAM, whose weights are these divided by the number of places.

    Args:
        network: cut at the feature map that its head pools.
        images: uint8 (n, height, width, channels), as the network takes them.
        classes: int (n,), positions of the classes that are explained.

    Raises:
        ConfigurationError: where the head is another one.

    Reference:
        Zhou et al. 2016, Learning Deep Features for Discriminative Localization, arXiv:1512.04150.
    """
    check_head(network.classifier)
    kernel = keras.ops.convert_to_numpy(network.classifier.get_layer(LOGITS_LAYER).kernel)
    weights = kernel.T[np.asarray(classes, dtype=int)]
    evidence = []
    for start in range(0, len(images), IMAGES_AT_ONCE):
        part = slice(start, start + IMAGES_AT_ONCE)
        feature_maps = read_feature_maps(network, images[part]).astype("float32")
        evidence.append(np.einsum("nrcw,nw->nrc", feature_maps, whole_batch(weights[part])))
    return to_image_maps(np.concatenate(evidence)[: len(images)], images.shape[1:3])


def check_head(classifier: keras.Model) -> None:
    """Raises a ConfigurationError where a class activation map is not defined for the head."""
    dense = [layer for layer in classifier.layers if isinstance(layer, keras.layers.Dense)]
    if len(dense) > 1 or not all(isinstance(layer, PLAIN_HEAD) for layer in classifier.layers):
        between = ", ".join(type(layer).__name__ for layer in classifier.layers[1:])
        raise ConfigurationError(
            "A class activation map needs a head that averages over the places and is linear (head=linear, pooling "
            f"avg). Received: {between}. Use Grad-CAM."
        )
