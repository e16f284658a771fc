"""The features of the blocks against the network's own outputs, and the cache below them."""

import logging
from dataclasses import replace

import keras
import numpy as np
import pytest

from emotion_tl.config import BackboneConfig
from emotion_tl.models.transfer_model import build_transfer_model
from emotion_tl.probing.block_features import LARGEST_EXPONENT, exponent_of, load_block_features
from emotion_tl.training.activations import Activations
from tests import tiny

SPLIT = tiny.make_split("val", [3, 3, 3])
WIDTHS = {"block1_pool": 32, "block2_pool": 64, "block3_pool": 128}


@pytest.fixture
def config(tmp_path):
    config = tiny.make_config()
    config.backbone = BackboneConfig(name="baseline_cnn", image_size=tiny.IMAGE_SIZE, output_block="block3_pool")
    config.cache_dir = str(tmp_path)
    return config


def build(config):
    keras.utils.set_random_seed(0)
    return build_transfer_model(config, (tiny.IMAGE_SIZE, tiny.IMAGE_SIZE, 1), 3)


def expected(model, block: str) -> np.ndarray:
    outputs = keras.Model(model.network.input, model.network.get_layer(block).output)(SPLIT.images, training=False)
    return np.asarray(outputs).mean(axis=(1, 2))


@pytest.mark.parametrize("cache", ["auto", "off"])
def test_features_are_the_mean_over_the_places_of_each_block(config, cache):
    config.trainer.cache = cache
    model = build(config)
    (found,) = load_block_features(model, (SPLIT,), config)
    assert found.widths == WIDTHS
    for block, width in WIDTHS.items():
        features = found.of_block(block)
        assert (features.shape, features.dtype) == ((len(SPLIT), width), np.dtype("float32"))
        assert features == pytest.approx(expected(model, block), rel=2e-3, abs=1e-3)


def test_second_time_they_are_read_and_other_weights_are_others(config, caplog):
    caplog.set_level(logging.INFO, logger="emotion_tl")
    logging.getLogger("emotion_tl").propagate = True
    load_block_features(build(config), (SPLIT,), config)
    load_block_features(build(config), (SPLIT,), config)
    other = build(config)
    other.network.get_layer("block1_conv1").kernel.assign_add(np.full((3, 3, 1, 32), 0.1))
    load_block_features(other, (SPLIT,), config)
    said = [record.getMessage() for record in caplog.records if record.getMessage().startswith("cache")]
    assert ["computed" in line for line in said] == [True, False, True]


def test_vanishing_features_keep_their_digits(config):
    """As those of a deep network with random weights, which get smaller from block to block."""
    model = build(config)
    normal = expected(model, "block3_pool")
    kernel = model.network.get_layer("block3_conv2").kernel
    kernel.assign(kernel * 1e-12)
    for weight in model.network.get_layer("block3_conv2_bn").weights:
        if "variance" in weight.path:
            weight.assign(np.ones(weight.shape))
    vanishing = expected(model, "block3_pool")
    (found,) = load_block_features(model, (SPLIT,), config)
    assert isinstance(found.features, np.memmap)
    features = found.of_block("block3_pool")
    factor = np.median(features[features > 0] / vanishing[features > 0])
    assert np.log2(factor) == pytest.approx(round(np.log2(factor)), abs=1e-2)
    assert features == pytest.approx(vanishing * factor, rel=2e-3, abs=1e-4)
    assert np.median(features[features > 0]) == pytest.approx(1, rel=0.5)
    assert normal.max() > 1e6 * vanishing.max()
    assert found.of_block("block1_pool") == pytest.approx(expected(model, "block1_pool"), rel=2e-3, abs=1e-3)


def test_power_of_two_is_that_of_the_median_above_zero():
    assert exponent_of(np.array([0, 0, 0, 8, 8.1, -7.9], dtype="float32")) == 3
    assert exponent_of(np.zeros(4, "float32")) == 0
    assert exponent_of(np.full(4, 1e-20, "float32")) == -66
    assert abs(exponent_of(np.array([0.01, 100], dtype="float32"))) <= LARGEST_EXPONENT


def test_features_of_a_subset_are_taken_from_those_of_all_images(config, monkeypatch):
    (found,) = load_block_features(build(config), (SPLIT,), config)
    part = SPLIT.take(np.array([1, 4, 8]))
    monkeypatch.setattr(Activations, "rows", None)
    (of_part,) = load_block_features(build(config), (part,), config)
    np.testing.assert_array_equal(of_part.features, found.features[[1, 4, 8]])


def test_subset_has_the_range_of_all_images(config, monkeypatch):
    """Or another network would be asked for, whose features of all images are not known."""
    config.backbone = replace(config.backbone, output_block="block1_pool")
    images = SPLIT.images.copy()
    images[7:] = 0
    split = replace(SPLIT, images=images)
    (found,) = load_block_features(build_with_small_features(config), (split,), config)
    monkeypatch.setattr(Activations, "rows", None)
    (of_part,) = load_block_features(build_with_small_features(config), (split.take(np.array([7, 8])),), config)
    np.testing.assert_array_equal(of_part.features, found.features[7:])


def build_with_small_features(config):
    """Returns a network of one block whose features are far from where float16 has its digits."""
    model = build(config)
    normalisation = model.network.get_layer("block1_conv2_bn")
    normalisation.gamma.assign(np.full(normalisation.gamma.shape, 1e-6))
    return model
