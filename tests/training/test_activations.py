from dataclasses import replace

import keras
import numpy as np
import pytest

from emotion_tl.config import AugmentationConfig, BackboneConfig, HeadConfig
from emotion_tl.models.transfer_model import build_transfer_model
from emotion_tl.training.activations import Activations
from emotion_tl.training.cuts import cut_network
from emotion_tl.training.inputs import WHOLE_NETWORK
from emotion_tl.training.trainer import train
from emotion_tl.training.views import IMAGE, MIRROR
from tests.tiny import make_config, make_phase, make_split
from tests.training.trainings import GOOD, run

FLIPPED = AugmentationConfig(name="flip", horizontal_flip=True)


def make_activations(folder, trainable_blocks=0, **sections):
    config = make_config(**sections)
    config.cache_dir = str(folder)
    config.trainer.evaluation_batch_size = 8
    keras.utils.set_random_seed(0)
    model = build_transfer_model(config, (24, 24, 1), 3)
    return Activations(cut_network(model, trainable_blocks), model, config)


def count_computed(activations, monkeypatch) -> list[int]:
    """Returns a list that gets the number of images of each pass through the frozen network."""
    computed = []
    predict = activations.cut.frozen.predict

    def counting(images, **settings):
        computed.append(len(images))
        return predict(images, **settings)

    monkeypatch.setattr(activations.cut.frozen, "predict", counting)
    return computed


def test_activations_are_those_of_the_network_whatever_the_number_of_images(tmp_path):
    activations = make_activations(tmp_path)
    # Four batches at once: once and a bit.
    split = make_split("train", [15, 14, 14])
    rows = activations.load(split)
    expected = np.asarray(activations.cut.frozen(split.images))
    assert rows.read_all().dtype == np.float16
    np.testing.assert_allclose(rows.read_all(), expected, rtol=1e-3, atol=1e-6)


def test_what_was_computed_once_is_read(tmp_path, monkeypatch):
    split = make_split("train", [8, 8, 8])
    first = make_activations(tmp_path)
    computed = count_computed(first, monkeypatch)
    rows = first.load(split).read_all()
    assert sum(computed) == 24
    second = make_activations(tmp_path)
    computed = count_computed(second, monkeypatch)
    np.testing.assert_array_equal(second.load(split).read_all(), rows)
    assert computed == []


def test_an_interrupted_computation_goes_on(tmp_path, monkeypatch):
    split = make_split("train", [32, 32, 32])
    interrupted = make_activations(tmp_path)
    predict = interrupted.cut.frozen.predict
    passes = []

    def predict_twice(images, **settings):
        passes.append(len(images))
        if len(passes) == 3:
            raise KeyboardInterrupt
        return predict(images, **settings)

    monkeypatch.setattr(interrupted.cut.frozen, "predict", predict_twice)
    with pytest.raises(KeyboardInterrupt):
        interrupted.load(split)
    again = make_activations(tmp_path)
    computed = count_computed(again, monkeypatch)
    rows = again.load(split).read_all()
    assert sum(computed) == 96 - 64
    np.testing.assert_allclose(rows, again.cut.frozen(split.images), rtol=1e-3, atol=1e-6)


def test_the_mirror_is_the_mirror_image(tmp_path):
    activations = make_activations(tmp_path, augmentation=FLIPPED)
    split = make_split("train", [4, 4, 4])
    rows = activations.load(split, (IMAGE, MIRROR))
    mirrored = np.asarray(activations.cut.frozen(split.images[:, :, ::-1]))
    assert rows.num_views == 2
    np.testing.assert_allclose(rows.read(np.array([12, 23])), mirrored[[0, 11]], rtol=1e-3, atol=1e-6)


def key(activations, split=None, view=IMAGE) -> str:
    return activations.recipe(split or make_split("val", [4, 4, 4]), view).key


def test_the_key_changes_with_everything_that_changes_an_activation(tmp_path, dtype_policy):
    activations = make_activations(tmp_path)
    keys = {key(activations)}
    keys.add(key(activations, make_split("val", [4, 4, 4], seed=1)))
    keys.add(key(make_activations(tmp_path, trainable_blocks=1)))
    keys.add(key(make_activations(tmp_path, head=HeadConfig(name="linear", pooling="avg"))))
    resized = make_activations(tmp_path)
    resized.config.backbone = BackboneConfig(name="simple_cnn", image_size=32, output_block="block2_pool")
    model = build_transfer_model(resized.config, (24, 24, 1), 3)
    keys.add(key(Activations(cut_network(model, 0), model, resized.config)))
    half = make_config()
    half.trainer.precision = "mixed_bfloat16"
    dtype_policy("mixed_bfloat16")
    model = build_transfer_model(half, (24, 24, 1), 3)
    keys.add(key(Activations(cut_network(model, 0), model, half)))
    kernel = activations.cut.frozen.get_layer("block1_conv1").kernel
    kernel.assign(kernel + 1e-6)
    model = build_transfer_model(activations.config, (24, 24, 1), 3)
    keys.add(key(Activations(activations.cut, model, activations.config)))
    flipped = make_activations(tmp_path, augmentation=FLIPPED)
    keys.add(key(flipped, view=MIRROR))
    assert len(keys) == 8


def test_the_key_does_not_change_with_what_stands_above_the_cut(tmp_path):
    keys = {
        key(make_activations(tmp_path)),
        key(make_activations(tmp_path, head=HeadConfig(name="mlp", pooling="flatten", units=[8], dropout=0.3))),
        key(make_activations(tmp_path, augmentation=FLIPPED)),
        key(make_activations(tmp_path, imbalance=replace(make_config().imbalance, name="focal"))),
    }
    assert len(keys) == 1


def test_without_room_the_whole_network_is_trained(dataset, tmp_path, caplog):
    config = make_config(make_phase(trainable_blocks=0, **GOOD))
    config.trainer.cache_size_limit = 0.0
    result, _ = run(config, dataset, tmp_path)
    assert result.inputs == {"first": WHOLE_NETWORK}
    assert "trainer.cache_size_limit" in caplog.text
    assert not list((tmp_path / "cache").rglob("array.npy"))


def test_activations_too_small_for_float16_are_not_cached(dataset, tmp_path, caplog):
    config = make_config(make_phase(trainable_blocks=0, **GOOD))
    config.cache_dir = str(tmp_path / "cache")
    keras.utils.set_random_seed(0)
    model = build_transfer_model(config, dataset.image_shape, 3)
    kernel = model.network.get_layer("block1_conv1").kernel
    kernel.assign(kernel * 1e-6)
    assert train(model, dataset, config, tmp_path).inputs == {"first": WHOLE_NETWORK}
    assert "too small for float16" in caplog.text


def test_a_phase_of_one_epoch_takes_one_view(dataset, tmp_path):
    config = make_config(
        make_phase(trainable_blocks=0, **GOOD), make_phase(epochs=3, trainable_blocks=0, **GOOD), augmentation=FLIPPED
    )
    config.trainer.cache_views = 2
    result, _ = run(config, dataset, tmp_path)
    assert result.inputs == {
        "first": "cached activations of pooling; views: image",
        "second": "cached activations of pooling; views: image, mirror",
    }
