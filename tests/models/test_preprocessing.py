import keras
import numpy as np
import pytest

from emotion_tl.models.preprocessing import to_backbone_input, to_float
from emotion_tl.models.specifications import BACKBONES, get_specification
from tests.models.networks import FROM_SCRATCH, MODULES, PRETRAINED, draw_pixels


def preprocess(name: str, images: np.ndarray, image_size: int) -> np.ndarray:
    """Returns what reaches the backbone."""
    inputs = keras.Input(images.shape[1:], dtype="uint8")
    model = keras.Model(inputs, to_backbone_input(to_float(inputs), get_specification(name), image_size))
    return keras.ops.convert_to_numpy(model(images))


def preprocess_as_keras(name: str, images: np.ndarray, image_size: int) -> np.ndarray:
    """Returns what keras.applications makes of RGB images of the size."""
    rgb = np.broadcast_to(images, (*images.shape[:-1], 3)).astype("float32")
    resized = keras.ops.convert_to_numpy(keras.ops.image.resize(rgb, (image_size, image_size)))
    # preprocess_input changes float arrays in place.
    return MODULES[name].preprocess_input(resized.copy())


@pytest.mark.parametrize("image_size", [12, 20], ids=["as stored", "resized"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", PRETRAINED)
def test_equals_the_preprocessing_of_keras_applications(name, channels, image_size):
    images = draw_pixels(12, channels)
    result = preprocess(name, images, image_size)
    assert result.shape == (2, image_size, image_size, 3)
    np.testing.assert_allclose(result, preprocess_as_keras(name, images, image_size), atol=1e-4)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", FROM_SCRATCH)
def test_own_networks_get_0_to_1(name, channels):
    images = draw_pixels(12, channels)
    images[0, 0, 0], images[0, 0, 1] = 0, 255
    result = preprocess(name, images, 12)
    assert result.shape[-1] == (BACKBONES[name].channels or channels)
    np.testing.assert_allclose(result, np.broadcast_to(images / 255, result.shape), atol=1e-6)


@pytest.mark.parametrize("name", ["vgg16", "inceptionv3", "baseline_cnn"])
def test_neighbouring_grey_levels_stay_apart_under_mixed_precision(name, dtype_policy):
    dtype_policy("mixed_bfloat16")
    images = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    result = preprocess(name, images, 16)
    assert result.dtype == np.float32
    assert len(np.unique(result[..., 0])) == 256
