"""Weights from files the tests write, against the plain networks of keras.applications."""

import hashlib
import logging
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras.src.utils import file_utils

from emotion_tl.config import BackboneConfig, ExperimentConfig
from emotion_tl.errors import WeightsError
from emotion_tl.models.specifications import BACKBONES
from emotion_tl.models.transfer_model import TransferModel, build_transfer_model
from emotion_tl.models.weights import load_pretrained
from tests.models.networks import (
    MODULES,
    PRETRAINED,
    draw_pixels,
    plain_network,
    shared_network,
    smallest_size,
    write_older_format,
)

STORED_SIZE = 20


def build(name: str, weights: Path | str | None, channels: int = 3, **settings) -> TransferModel:
    settings = {"image_size": smallest_size(name)} | settings
    backbone = BackboneConfig(name=name, weights=None if weights is None else str(weights), **settings)
    return build_transfer_model(ExperimentConfig(backbone=backbone), (STORED_SIZE, STORED_SIZE, channels), 3)


def features(model: TransferModel, images: np.ndarray) -> np.ndarray:
    """Returns what the head gets to see."""
    network = model.network
    return keras.ops.convert_to_numpy(
        keras.Model(network.input, network.get_layer(model.blocks[-1].name).output)(images)
    )


def plain_features(name: str, network: keras.Model, images: np.ndarray) -> np.ndarray:
    """Returns what a user of keras.applications would compute by hand."""
    rgb = np.broadcast_to(images, (*images.shape[:-1], 3)).astype("float32")
    size = smallest_size(name)
    resized = keras.ops.convert_to_numpy(keras.ops.image.resize(rgb, (size, size)))
    return keras.ops.convert_to_numpy(network(MODULES[name].preprocess_input(resized.copy()), training=False))


def assert_same_features(name: str, model: TransferModel, network: keras.Model) -> None:
    images = draw_pixels(STORED_SIZE, model.network.input.shape[-1])
    expected = plain_features(name, network, images)
    np.testing.assert_allclose(features(model, images), expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


@pytest.fixture(scope="module")
def vgg16_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "vgg16.weights.h5"
    shared_network("vgg16").save_weights(path)
    return path


# === What loads ===


@pytest.mark.parametrize("name", PRETRAINED)
def test_file_of_keras_3(name, tmp_path):
    path = tmp_path / "network.weights.h5"
    shared_network(name).save_weights(path)
    model = build(name, path, channels=1)
    assert_same_features(name, model, shared_network(name))
    assert model.weights.pretrained
    assert model.weights.name == "network.weights.h5"
    assert model.weights.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_file_of_keras_2(tmp_path):
    path = tmp_path / "network_notop.h5"
    write_older_format(shared_network("vgg16"), path)
    assert_same_features("vgg16", build("vgg16", path), shared_network("vgg16"))


def test_file_with_the_classifier(tmp_path):
    network = plain_network("mobilenetv2", include_top=True, input_shape=(224, 224, 3))
    path = tmp_path / "with_top.weights.h5"
    network.save_weights(path)
    without = plain_network("mobilenetv2")
    without.set_weights(network.get_weights()[: len(without.weights)])
    assert_same_features("mobilenetv2", build("mobilenetv2", path), without)


@pytest.mark.parametrize(("name", "block"), [("vgg19", "block3_pool"), ("inceptionv3", "mixed2")])
def test_cut_network_takes_a_file_of_its_first_blocks(name, block, tmp_path):
    path = tmp_path / "first_blocks.weights.h5"
    first_blocks = keras.Model(shared_network(name).input, shared_network(name).get_layer(block).output)
    first_blocks.save_weights(path)
    assert_same_features(name, build(name, path, output_block=block), first_blocks)


def test_cut_network_takes_a_file_of_the_whole(vgg16_file):
    first_blocks = keras.Model(shared_network("vgg16").input, shared_network("vgg16").get_layer("block2_pool").output)
    assert_same_features("vgg16", build("vgg16", vgg16_file, output_block="block2_pool"), first_blocks)


def test_file_in_half_precision(vgg16_file, tmp_path):
    path = tmp_path / "half.weights.h5"
    with h5py.File(vgg16_file) as file, h5py.File(path, "w") as half:

        def copy(name: str, entry: h5py.Group | h5py.Dataset) -> None:
            if isinstance(entry, h5py.Dataset):
                half[name] = entry[()].astype("float16")
            else:
                half.create_group(name)
            half[name].attrs.update(entry.attrs)

        file.visititems(copy)
    assert_same_features("vgg16", build("vgg16", path), shared_network("vgg16"))


def test_no_weights_are_random_ones():
    network = plain_network("vgg16")
    before = network.get_weights()
    origin = load_pretrained(BackboneConfig(name="vgg16", image_size=32, weights=None), network.input, network.output)
    assert all((mine == other).all() for mine, other in zip(network.get_weights(), before, strict=True))
    assert (origin.name, origin.pretrained, origin.fallback) == ("random", False, False)


# === What does not ===


def write_text(path: Path) -> None:
    path.write_text("these are no weights")


def write_first_half(path: Path) -> None:
    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(300)])
    network.save_weights(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("write", [write_text, write_first_half])
def test_damaged_file(write, tmp_path):
    path = tmp_path / "bad.weights.h5"
    write(path)
    with pytest.raises(WeightsError, match=r"bad\.weights\.h5: expected a Keras weights file"):
        build("vgg16", path)


def test_missing_file(tmp_path):
    with pytest.raises(WeightsError, match=r"backbone\.weights.*nowhere\.h5, which is not there"):
        build("vgg16", tmp_path / "nowhere.h5")


def test_another_networks_file(vgg16_file):
    with pytest.raises(WeightsError) as told:
        build("mobilenetv2", vgg16_file)
    for part in (str(vgg16_file), "14,714,688", "not mobilenetv2", "without its classifier: 2,257,984"):
        assert part in str(told.value)


@pytest.mark.filterwarnings("ignore:Skipping nested container")
def test_file_of_other_layers_with_as_many_parameters(tmp_path):
    path = tmp_path / "flat.weights.h5"
    flat = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(shared_network("vgg16").count_params(), use_bias=False)]
    )
    flat.save_weights(path)
    with pytest.raises(WeightsError, match=r"flat\.weights\.h5 does not fit vgg16"):
        build("vgg16", path)


@pytest.mark.filterwarnings("ignore:Skipping nested container")
@pytest.mark.parametrize("older", [True, False], ids=["older as newer", "newer as older"])
def test_file_under_the_suffix_of_the_other_format(older, tmp_path):
    path = tmp_path / "right.weights.h5"
    wrong = tmp_path / ("wrong.weights.h5" if older else "wrong.h5")
    if older:
        write_older_format(shared_network("vgg16"), path)
    else:
        shared_network("vgg16").save_weights(path)
    path.rename(wrong)
    with pytest.raises(WeightsError, match=r"wrong.*h5 does not fit vgg16"):
        build("vgg16", wrong)


def test_first_blocks_without_the_cut_say_where_to_cut(tmp_path):
    path = tmp_path / "first.weights.h5"
    keras.Model(
        shared_network("mobilenetv2").input, shared_network("mobilenetv2").get_layer("block_2_add").output
    ).save_weights(path)
    with pytest.raises(WeightsError, match=r"backbone\.output_block"):
        build("mobilenetv2", path)


# === Keras' own download ===


@pytest.fixture
def offline(monkeypatch):
    """A machine without a network; returns the names of the files Keras asked for."""
    asked = []

    def get_file(fname, origin, **_):
        asked.append(fname)
        raise Exception(f"URL fetch failure on {origin}: None -- [Errno -3] Temporary failure in name resolution")

    monkeypatch.setattr(file_utils, "get_file", get_file)
    return asked


@pytest.mark.parametrize("name", PRETRAINED)
def test_without_a_network_the_error_names_the_file_and_its_folder(name, offline, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(WeightsError) as told:
        # A size of which keras.applications has MobileNetV2 weights of their own.
        build(name, "imagenet", image_size=96)
    assert offline == [BACKBONES[name].imagenet_file]
    for part in (offline[0], str(tmp_path / "models"), "backbone.weights=/path/to/file", "name resolution"):
        assert part in str(told.value)


def test_without_a_network_random_weights_are_allowed_and_told(offline, caplog):
    with caplog.at_level(logging.WARNING, logger="emotion_tl"):
        model = build("mobilenetv2", "imagenet", allow_random_weights=True)
    assert (model.weights.name, model.weights.pretrained, model.weights.fallback) == ("random", False, True)
    assert "RANDOM weights" in caplog.text
    assert BACKBONES["mobilenetv2"].imagenet_file in caplog.text


def test_random_weights_are_allowed_where_a_file_is_missing(tmp_path):
    assert build("vgg16", tmp_path / "nowhere.h5", allow_random_weights=True).weights.fallback


def test_random_weights_in_place_of_a_file_that_does_not_fit_hold_nothing_of_it(tmp_path, monkeypatch):
    path = tmp_path / "network.weights.h5"
    shared_network("vgg16").save_weights(path)

    def load_a_part(network: keras.Model, *_) -> None:
        layer = network.get_layer("block1_conv1")
        layer.set_weights([np.full(weight.shape, 7.0) for weight in layer.get_weights()])
        raise ValueError("The second layer does not fit.")

    monkeypatch.setattr(keras.Model, "load_weights", load_a_part)
    model = build("vgg16", path, allow_random_weights=True)
    assert model.weights.fallback
    assert not any((weight == 7).any() for weight in model.network.get_weights())


def test_a_network_with_weights_is_built_once(vgg16_file, monkeypatch):
    built = []
    build_vgg16 = keras.applications.VGG16
    monkeypatch.setattr(keras.applications, "VGG16", lambda **arguments: built.append(1) or build_vgg16(**arguments))
    build("vgg16", vgg16_file)
    assert len(built) == 1


def test_a_network_from_scratch_takes_no_weights(vgg16_file):
    with pytest.raises(WeightsError, match=r"baseline_cnn is trained from scratch"):
        build("baseline_cnn", vgg16_file)


def test_a_damaged_download_is_had_again(monkeypatch, tmp_path, caplog):
    name = BACKBONES["mobilenetv2"].imagenet_file
    damaged, whole = tmp_path / "models" / name, tmp_path / name
    damaged.parent.mkdir()
    damaged.write_text("the first bytes of a download that broke off")
    write_older_format(shared_network("mobilenetv2"), whole)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(file_utils, "get_file", lambda *_, **__: str(whole))
    with caplog.at_level(logging.WARNING, logger="emotion_tl"):
        assert_same_features("mobilenetv2", build("mobilenetv2", "imagenet"), shared_network("mobilenetv2"))
    assert str(damaged) in caplog.text


def test_downloaded_weights_are_loaded_and_hashed(monkeypatch, tmp_path):
    path = tmp_path / "models" / BACKBONES["mobilenetv2"].imagenet_file
    path.parent.mkdir()
    write_older_format(shared_network("mobilenetv2"), path)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(file_utils, "get_file", lambda *_, **__: str(path))
    model = build("mobilenetv2", "imagenet")
    assert_same_features("mobilenetv2", model, shared_network("mobilenetv2"))
    assert model.weights.name == "imagenet"
    assert model.weights.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
