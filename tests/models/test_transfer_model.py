"""One table of backbones, one list of properties."""

from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest

from emotion_tl.config import AugmentationConfig, BackboneConfig, ExperimentConfig, HeadConfig
from emotion_tl.errors import ModelNotFoundError
from emotion_tl.inference.model_file import ModelDescription, load_model, save_model
from emotion_tl.models.specifications import BACKBONES
from emotion_tl.models.transfer_model import TransferModel, build_transfer_model
from tests.models.networks import draw_pixels, smallest_size

NUM_CLASSES = 3
# Stored images are smaller than what the networks take, as 48-pixel faces are.
STORED_SIZE = 20


def make_config(name: str, output_block: str | None = None, **sections) -> ExperimentConfig:
    backbone = BackboneConfig(name=name, image_size=smallest_size(name), output_block=output_block)
    return ExperimentConfig(backbone=backbone, **{"head": HeadConfig(units=[8], batch_norm=True)} | sections)


@cache
def built(name: str) -> TransferModel:
    return build_transfer_model(make_config(name), (STORED_SIZE, STORED_SIZE, 1), NUM_CLASSES)


def layers_with_weights(model: keras.Model) -> list[keras.layers.Layer]:
    return [layer for layer in model.layers if layer.weights]


@pytest.mark.parametrize("name", list(BACKBONES))
def test_grey_images_in_float32_logits_out(name):
    network = built(name).network
    assert network.input.shape == (None, STORED_SIZE, STORED_SIZE, 1)
    assert network.input.dtype == "uint8"
    logits = network(draw_pixels(STORED_SIZE, 1))
    assert logits.shape == (2, NUM_CLASSES)
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"
    assert np.isfinite(keras.ops.convert_to_numpy(logits)).all()


@pytest.mark.parametrize("name", list(BACKBONES))
def test_colour_images_in_float32_logits_out(name):
    block = BACKBONES[name].blocks[0]
    config = make_config(name, block, head=HeadConfig())
    network = build_transfer_model(config, (STORED_SIZE, STORED_SIZE, 3), NUM_CLASSES).network
    assert network.input.dtype == "uint8"
    images = draw_pixels(STORED_SIZE, 3)
    logits = keras.ops.convert_to_numpy(network(images))
    assert logits.shape == (2, NUM_CLASSES)
    assert logits.dtype == np.float32
    # The colours matter, and their order.
    assert not np.allclose(logits, keras.ops.convert_to_numpy(network(images[..., ::-1])), rtol=1e-4)


@pytest.mark.parametrize("name", list(BACKBONES))
def test_blocks_and_head_hold_every_layer_with_weights_once_and_in_order(name):
    model = built(name)
    assert tuple(block.name for block in model.blocks) == BACKBONES[name].blocks
    assert all(block.layers or block.name.endswith("pool") for block in model.blocks)
    listed = [layer for block in model.blocks for layer in block.layers] + list(model.head)
    assert listed == layers_with_weights(model.network)
    assert not model.weights.pretrained
    assert [layer.name for layer in model.head] == ["head_dense1", "head_dense1_bn", "logits"]


@pytest.mark.parametrize("name", list(BACKBONES))
def test_output_block_cuts(name):
    block = BACKBONES[name].blocks[1]
    model = build_transfer_model(make_config(name, block), (STORED_SIZE, STORED_SIZE, 1), NUM_CLASSES)
    assert [block.name for block in model.blocks] == list(BACKBONES[name].blocks[:2])
    names = [layer.name for layer in model.network.layers]
    assert names[names.index(block) + 1] == "pooling"
    assert model.network.count_params() < built(name).network.count_params()
    whole = built(name).blocks[:2]
    assert [len(block.layers) for block in model.blocks] == [len(block.layers) for block in whole]


def test_a_direct_call_predicts():
    head = HeadConfig(units=[8], batch_norm=True, dropout=0.5)
    config = make_config("simple_cnn", augmentation=AugmentationConfig(horizontal_flip=True), head=head)
    network = build_transfer_model(config, (STORED_SIZE, STORED_SIZE, 1), NUM_CLASSES).network
    images = draw_pixels(STORED_SIZE, 1)
    called = keras.ops.convert_to_numpy(network(images))
    np.testing.assert_array_equal(called, keras.ops.convert_to_numpy(network(images, training=False)))
    assert not np.array_equal(called, keras.ops.convert_to_numpy(network(images, training=True)))


def test_two_classes():
    model = build_transfer_model(make_config("baseline_cnn"), (STORED_SIZE, STORED_SIZE, 1), 2)
    rows = keras.ops.convert_to_numpy(model.probabilities()(draw_pixels(STORED_SIZE, 1)))
    assert rows.shape == (2, 2)
    np.testing.assert_allclose(rows.sum(axis=1), 1, rtol=1e-6)


def test_augmentation_is_part_of_the_graph_in_training_alone():
    augmentation = AugmentationConfig(horizontal_flip=True, rotation_factor=0.2, translation_factor=0.2)
    config = make_config("simple_cnn", augmentation=augmentation)
    network = build_transfer_model(config, (STORED_SIZE, STORED_SIZE, 1), NUM_CLASSES).network
    images = draw_pixels(STORED_SIZE, 1, num_images=8)
    reaching = keras.Model(network.input, network.get_layer("preprocess").output)
    still = keras.ops.convert_to_numpy(reaching(images, training=False))
    moved = keras.ops.convert_to_numpy(reaching(images, training=True))
    assert np.abs(moved - still).mean() > 0.05
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(reaching(images, training=False)), still)
    assert not any("random" in layer.name for layer in built("simple_cnn").network.layers)


@pytest.mark.parametrize("name", ["baseline_cnn", "mobilenetv2"])
def test_mixed_precision_keeps_preprocessing_and_logits_in_float32(name, dtype_policy):
    dtype_policy("mixed_bfloat16")
    network = build_transfer_model(make_config(name), (STORED_SIZE, STORED_SIZE, 1), NUM_CLASSES).network
    assert network.get_layer("preprocess").output.dtype == "float32"
    assert network.get_layer(BACKBONES[name].blocks[-1]).compute_dtype == "bfloat16"
    assert all(weight.dtype == "float32" for weight in network.weights)
    assert network(draw_pixels(STORED_SIZE, 1)).dtype == "float32"


# === The saved model ===


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> tuple[keras.Model, Path]:
    """A model with every kind of layer: augmentation, BGR, resizing, grey to RGB, dropout, BatchNormalization."""
    augmentation = AugmentationConfig(
        horizontal_flip=True, rotation_factor=0.1, brightness_factor=0.1, contrast_factor=0.1, erasing_factor=0.5
    )
    head = HeadConfig(units=[8], batch_norm=True, dropout=0.5)
    config = make_config("vgg16", "block2_pool", augmentation=augmentation, head=head)
    model = build_transfer_model(config, (STORED_SIZE, STORED_SIZE, 1), NUM_CLASSES).probabilities()
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    save_model(model, ModelDescription(("angry", "happy", "sad"), "grayscale", "vgg16", "random"), path)
    return model, path


def test_saved_model_loads_with_plain_keras_in_safe_mode(saved):
    model, path = saved
    images = draw_pixels(STORED_SIZE, 1, num_images=4)
    loaded = keras.models.load_model(path, safe_mode=True)
    probabilities = loaded.predict(images, verbose=0)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(probabilities, keras.ops.convert_to_numpy(model(images)), atol=1e-6)
    assert len(np.unique(probabilities)) > NUM_CLASSES


def test_class_names_come_back(saved):
    model, description = load_model(saved[1])
    assert description == ModelDescription(("angry", "happy", "sad"), "grayscale", "vgg16", "random")
    assert model.output.shape == (None, len(description.class_names))
    assert [path.name for path in saved[1].parent.iterdir()] == ["model.keras"]


@pytest.mark.parametrize("damage", ["missing", "cut short", "a plain Keras model", "no archive"])
def test_what_is_no_model_file_is_named(saved, tmp_path, damage):
    path = tmp_path / "model.keras"
    if damage == "cut short":
        path.write_bytes(saved[1].read_bytes()[:-2000])
    elif damage == "a plain Keras model":
        saved[0].save(path)
    elif damage == "no archive":
        path.write_text("not a model")
    with pytest.raises(ModelNotFoundError, match=r"model\.keras"):
        load_model(path)


@pytest.mark.parametrize("position", [0.1, 0.5, 0.9])
def test_a_flipped_byte_does_not_pass(saved, tmp_path, position):
    content = bytearray(saved[1].read_bytes())
    content[int(position * len(content))] ^= 0xFF
    path = tmp_path / "model.keras"
    path.write_bytes(content)
    with pytest.raises(ModelNotFoundError, match=r"model\.keras"):
        load_model(path)
