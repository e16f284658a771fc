"""Random changes of the images, as layers of the graph: on the device, in the compiled step, in training only."""

from typing import Any

import keras
from keras import layers

from emotion_tl.config import AugmentationConfig

PIXEL_RANGE = (0.0, 255.0)


def augmentation_layers(config: AugmentationConfig, seed: int) -> list[keras.layers.Layer]:
    """Returns the layers that are switched on, in the order they are applied.

    They take and give float32 images (batch, height, width, channels) in 0..255. Each has a seed of its own, derived
    from `seed`, so that switching one off does not change what the others draw.
    """
    geometry = {"fill_mode": "nearest"}
    light = {"value_range": PIXEL_RANGE}
    shift = config.translation_factor
    # A pair: of a single number Keras makes a probability drawn between 0 and it, half of it on average.
    erasing = (config.erasing_factor, config.erasing_factor)
    choices: tuple[tuple[float, type[keras.layers.Layer], dict[str, Any]], ...] = (
        (config.horizontal_flip, layers.RandomFlip, {"mode": "horizontal"}),
        (config.rotation_factor, layers.RandomRotation, {"factor": config.rotation_factor, **geometry}),
        (shift, layers.RandomTranslation, {"height_factor": shift, "width_factor": shift, **geometry}),
        (config.zoom_factor, layers.RandomZoom, {"height_factor": config.zoom_factor, **geometry}),
        (config.brightness_factor, layers.RandomBrightness, {"factor": config.brightness_factor, **light}),
        (config.contrast_factor, layers.RandomContrast, {"factor": config.contrast_factor, **light}),
        (
            config.erasing_factor,
            layers.RandomErasing,
            {"factor": erasing, "scale": (0.02, 0.15), **light},
        ),
    )
    chosen = [
        layer(**arguments, seed=seed + offset, dtype="float32")
        for offset, (amount, layer, arguments) in enumerate(choices)
        if amount
    ]
    if keras.config.backend() == "jax":
        # For the sake of TensorFlow, whose XLA has no such operation, Keras compiles no network that rotates, shifts or
        # zooms (3.15.1, `supports_jit`), on no backend. On JAX uncompiled steps take up to ten times as long.
        for layer in chosen:
            layer.supports_jit = True
    return chosen
