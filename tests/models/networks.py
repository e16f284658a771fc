"""Networks of keras.applications and files of weights, as the tests of this folder need them."""

from functools import cache
from pathlib import Path

import h5py
import keras
import numpy as np

from emotion_tl.models.specifications import BACKBONES

PRETRAINED = [name for name, specification in BACKBONES.items() if specification.application]
FROM_SCRATCH = [name for name, specification in BACKBONES.items() if not specification.application]
MODULES = {
    "vgg16": keras.applications.vgg16,
    "vgg19": keras.applications.vgg19,
    "resnet50": keras.applications.resnet50,
    "inceptionv3": keras.applications.inception_v3,
    "mobilenetv2": keras.applications.mobilenet_v2,
}


def smallest_size(name: str) -> int:
    return BACKBONES[name].minimum_image_size


def plain_network(name: str, **arguments) -> keras.Model:
    """Builds the network as keras.applications gives it, with moving statistics as if it had seen images."""
    size = smallest_size(name)
    application = getattr(keras.applications, BACKBONES[name].application)
    network = application(**{"weights": None, "include_top": False, "input_shape": (size, size, 3)} | arguments)
    generator = np.random.default_rng(0)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_mean.assign(generator.normal(0, 0.1, layer.moving_mean.shape))
            layer.moving_variance.assign(generator.uniform(0.5, 1.5, layer.moving_variance.shape))
    return network


@cache
def shared_network(name: str) -> keras.Model:
    """Returns `plain_network(name)`, built once for all tests, which leave it as it is."""
    return plain_network(name)


def write_older_format(network: keras.Model, path: Path) -> None:
    """Writes weights as Keras 2 did and keras.applications still offers them for download."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in network.layers]
        file.attrs["backend"] = b"tensorflow"
        file.attrs["keras_version"] = b"2.0.0"
        for layer in network.layers:
            group = file.create_group(layer.name)
            weights = layer.trainable_weights + layer.non_trainable_weights
            names = [f"{layer.name}/{weight.name}:0" for weight in weights]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, weight in zip(names, weights, strict=True):
                group[name] = keras.ops.convert_to_numpy(weight)


def draw_pixels(size: int, channels: int, num_images: int = 2) -> np.ndarray:
    """Returns uint8 (num_images, size, size, channels) noise."""
    return np.random.default_rng(size).integers(0, 256, (num_images, size, size, channels), dtype=np.uint8)
