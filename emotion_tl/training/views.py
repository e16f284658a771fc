"""The fixed forms in which a training image is cached: itself, its mirror, and further augmentations of it."""

from dataclasses import asdict

import keras
import numpy as np

from emotion_tl.config import AugmentationConfig
from emotion_tl.models.augmentation import augmentation_layers

IMAGE = "image"
MIRROR = "mirror"

# Of the fixed augmentations; not the run's seed, so that runs with other seeds share them.
VIEW_SEED = 20_000
# To be raised when the same settings would give other augmentations.
VIEW_FORMAT = 2


def view_names(config: AugmentationConfig, num_views: int) -> tuple[str, ...]:
    """Returns the names of the forms that are cached: "image", "mirror", "augmentation 1" and so on.

    Without augmentation there is the image alone. Where images are not mirrored, as in data whose sides mean something,
    an augmentation takes the mirror's place.
    """
    if not is_augmenting(config):
        return (IMAGE,)
    first = (IMAGE, MIRROR) if config.horizontal_flip else (IMAGE,)
    augmented = tuple(f"augmentation {number}" for number in range(1, num_views - len(first) + 1))
    return (*first, *augmented)[:num_views]


def is_augmenting(config: AugmentationConfig) -> bool:
    """Returns whether training images are changed at all."""
    return bool(augmentation_layers(config, seed=0))


def describe_view(config: AugmentationConfig, view: str) -> dict:
    """Returns everything that decides what a view shows, as JSON."""
    if view in (IMAGE, MIRROR):
        return {"view": view}
    # The layers' fixed arguments and their order are no settings: VIEW_FORMAT stands for them.
    settings = {key: value for key, value in asdict(config).items() if key != "name"}
    return {"view": view, "augmentation": settings, "seed": VIEW_SEED, "format": VIEW_FORMAT}


def apply_view(images: np.ndarray, config: AugmentationConfig, view: str, first: int) -> np.ndarray:
    """Returns the view of some images.

    Args:
        images: uint8 (n, height, width, channels).
        first: position of the first of them in the split. The same images at the same position always look the same.

    Returns:
        uint8, of the same shape.
    """
    if view == IMAGE:
        return images
    if view == MIRROR:
        return images[:, :, ::-1]
    number = int(view.rsplit(" ", 1)[1])
    seed = int(np.random.SeedSequence([VIEW_SEED, number, first]).generate_state(1)[0]) // 2
    pixels = keras.ops.convert_to_tensor(images.astype("float32"))
    for layer in augmentation_layers(config, seed):
        pixels = layer(pixels, training=True)
    return np.clip(np.rint(keras.ops.convert_to_numpy(pixels)), 0, 255).astype(np.uint8)
