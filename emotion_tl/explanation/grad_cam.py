"""Gradient-weighted class activation maps: which places of an image speak for a class."""

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from emotion_tl.explanation.activation_maps import ActivationMaps, to_image_maps
from emotion_tl.explanation.feature_maps import ExplainedNetwork

IMAGES_AT_ONCE = 32


def grad_cam(network: ExplainedNetwork, images: NDArray[np.uint8], classes: ArrayLike) -> ActivationMaps:
    """Returns where in each image the network sees a class.

    Each channel of the feature map is weighted with the mean gradient of the class's logit over its places; what
    speaks against the class is cut off.

    Args:
        images: uint8 (n, height, width, channels), as the network takes them.
        classes: int (n,), positions of the classes that are explained.

    Reference:
        Selvaraju et al. 2017, Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization,
        arXiv:1610.02391.
    """
    chosen = np.eye(network.classifier.output.shape[-1], dtype="float32")[np.asarray(classes, dtype=int)]
    evidence = []
    for start in range(0, len(images), IMAGES_AT_ONCE):
        part = slice(start, start + IMAGES_AT_ONCE)
        feature_maps = read_feature_maps(network, images[part])
        weights = network.gradients(feature_maps, whole_batch(chosen[part])).mean(axis=(1, 2))
        evidence.append(np.einsum("nrcw,nw->nrc", feature_maps.astype("float32"), weights))
    return to_image_maps(np.concatenate(evidence)[: len(images)], images.shape[1:3])


def read_feature_maps(network: ExplainedNetwork, images: NDArray[np.uint8]) -> np.ndarray:
    """Returns the feature maps, (IMAGES_AT_ONCE, rows, columns, width), of as many images or fewer."""
    return keras.ops.convert_to_numpy(network.features(whole_batch(images), training=False))


def whole_batch(rows: np.ndarray) -> np.ndarray:
    """Returns IMAGES_AT_ONCE rows, the last one repeated where there are fewer: another number is compiled anew."""
    return np.concatenate([rows, np.repeat(rows[-1:], IMAGES_AT_ONCE - len(rows), axis=0)])
