import keras
import numpy as np
import pytest

from emotion_tl.config import AugmentationConfig
from emotion_tl.models.augmentation import augmentation_layers
from tests.models.networks import draw_pixels

EVERYTHING = AugmentationConfig(
    horizontal_flip=True,
    rotation_factor=0.1,
    translation_factor=0.2,
    zoom_factor=0.3,
    brightness_factor=0.5,
    contrast_factor=0.5,
    erasing_factor=1.0,
)
SETTINGS = [name for name in vars(EVERYTHING) if name != "name"]


def only(setting: str) -> AugmentationConfig:
    return AugmentationConfig(**{setting: getattr(EVERYTHING, setting)})


def augment(config: AugmentationConfig, images: np.ndarray, seed: int = 0, training: bool = True) -> np.ndarray:
    pixels = images.astype("float32")
    for layer in augmentation_layers(config, seed):
        pixels = layer(pixels, training=training)
    return keras.ops.convert_to_numpy(pixels)


@pytest.fixture
def images():
    return draw_pixels(24, 1, num_images=16)


def test_none_adds_no_layers():
    assert augmentation_layers(AugmentationConfig(), seed=0) == []


@pytest.mark.parametrize("setting", SETTINGS)
def test_each_setting_changes_images_in_training_alone(setting, images):
    changed = augment(only(setting), images)
    assert changed.shape == images.shape
    assert changed.dtype == np.float32
    assert np.abs(changed - images).max() > 1
    np.testing.assert_array_equal(augment(only(setting), images, training=False), images)


def test_flip_mirrors_about_half_of_the_images(images):
    flipped = augment(only("horizontal_flip"), images)
    mirrored = [np.array_equal(after, before[:, ::-1]) for after, before in zip(flipped, images, strict=True)]
    kept = [np.array_equal(after, before) for after, before in zip(flipped, images, strict=True)]
    assert sum(mirrored) + sum(kept) == 16
    assert 3 <= sum(mirrored) <= 13


def test_erasing_factor_is_the_probability_that_an_image_is_erased():
    images = draw_pixels(8, 1, num_images=1000)
    # Squares of at most 15 % of 64 pixels; nearly every one covers the centre of a pixel.
    config = AugmentationConfig(erasing_factor=0.6)
    erased = (augment(config, images) != images).any(axis=(1, 2, 3)).mean()
    assert 0.5 < erased < 0.7


def test_deterministic_by_seed(images):
    np.testing.assert_array_equal(augment(EVERYTHING, images, seed=3), augment(EVERYTHING, images, seed=3))
    assert not np.array_equal(augment(EVERYTHING, images, seed=3), augment(EVERYTHING, images, seed=30))


@pytest.mark.parametrize("channels", [1, 3])
def test_values_stay_between_0_and_255(channels):
    images = draw_pixels(24, channels, num_images=32)
    for _ in range(3):
        changed = augment(EVERYTHING, images)
        assert changed.min() >= 0
        assert changed.max() <= 255


def test_switching_one_off_does_not_change_what_the_others_draw(images):
    with_flip = AugmentationConfig(horizontal_flip=True, brightness_factor=0.5)
    without = AugmentationConfig(brightness_factor=0.5)
    # Brightness knows no left and right: the sums of the rows tell what it drew.
    np.testing.assert_allclose(augment(with_flip, images).sum(axis=2), augment(without, images).sum(axis=2), rtol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_float32_under_mixed_precision(policy, images, dtype_policy):
    dtype_policy(policy)
    assert augment(EVERYTHING, images).dtype == np.float32
