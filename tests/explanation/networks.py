"""Networks whose explanations are known beforehand."""

import keras
import numpy as np

from emotion_tl.config import BackboneConfig, HeadConfig
from emotion_tl.models.transfer_model import TransferModel, build_transfer_model
from tests import tiny

PATCH = 6
"""Side of the bright patch in pixels."""
CORNERS = [(1, 1), (2, 14), (15, 3), (16, 16)]
"""Upper left ones of the patches, one an image."""


def build(backbone: str, image_size: int, head: HeadConfig | None = None, **settings) -> TransferModel:
    """Returns a network on grey images of `tiny.IMAGE_SIZE` pixels and three classes."""
    keras.utils.set_random_seed(1)
    config = tiny.make_config(head=head or HeadConfig(name="linear", pooling="avg"))
    config.backbone = BackboneConfig(name=backbone, image_size=image_size, **settings)
    return build_transfer_model(config, (tiny.IMAGE_SIZE, tiny.IMAGE_SIZE, 1), 3)


def brightness_network() -> keras.Model:
    """Returns a network whose every channel is brightness: it speaks for class 1, against 0, and 2 does not see it."""
    network = build("simple_cnn", tiny.IMAGE_SIZE, output_block="block2_pool").network
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2D):
            layer.kernel.assign(np.full(layer.kernel.shape, 1 / np.prod(layer.kernel.shape[:3])))
    logits = network.get_layer("logits")
    logits.kernel.assign(np.broadcast_to([-1.0, 1.0, 0.0], logits.kernel.shape))
    return network


def draw_patches(corners: list[tuple[int, int]]) -> np.ndarray:
    """Returns uint8 (n, tiny.IMAGE_SIZE, tiny.IMAGE_SIZE, 1): dark images with a bright patch at these corners."""
    images = np.full((len(corners), tiny.IMAGE_SIZE, tiny.IMAGE_SIZE, 1), 10, np.uint8)
    for image, (top, left) in zip(images, corners, strict=True):
        image[top : top + PATCH, left : left + PATCH] = 240
    return images
