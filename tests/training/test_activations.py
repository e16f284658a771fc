import os
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow

from emotion_tl.caching.activation_cache import open_activation_cache
from emotion_tl.caching.entry import META_FILE
from emotion_tl.config import AugmentationConfig, BackboneConfig, HeadConfig
from emotion_tl.fed import WHOLE_NETWORK, told_activations
from emotion_tl.models.transfer_model import build_transfer_model
from emotion_tl.runtime import Device
from emotion_tl.training import activations as activations_module
from emotion_tl.training.activations import Activations, hash_architecture
from emotion_tl.training.cuts import cut_network
from emotion_tl.training.trainer import train
from emotion_tl.training.views import IMAGE, MIRROR, view_names
from tests.tiny import make_config, make_phase, make_split
from tests.training.continuing import deterministic_operations
from tests.training.trainings import GOOD, run

FLIPPED = AugmentationConfig(name="flip", horizontal_flip=True)


def make_activations(folder, trainable_blocks=0, **sections):
    config = make_config(**sections)
    config.cache_dir = str(folder)
    config.trainer.evaluation_batch_size = 8
    keras.utils.set_random_seed(0)
    model = build_transfer_model(config, (24, 24, 1), 3)
    return Activations(cut_network(model, trainable_blocks), config)


def read_all(rows) -> np.ndarray:
    return rows.read(np.arange(rows.num_views * len(rows)))


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
    rows = read_all(activations.load(split))
    expected = np.asarray(activations.cut.frozen(split.images))
    assert rows.dtype == np.float16
    np.testing.assert_allclose(rows, expected, rtol=1e-3, atol=1e-6)


def test_what_was_computed_once_is_read(tmp_path, monkeypatch):
    split = make_split("train", [8, 8, 8])
    first = make_activations(tmp_path)
    computed = count_computed(first, monkeypatch)
    rows = read_all(first.load(split))
    assert sum(computed) == 24
    second = make_activations(tmp_path)
    computed = count_computed(second, monkeypatch)
    np.testing.assert_array_equal(read_all(second.load(split)), rows)
    assert computed == []


def test_a_part_of_the_images_is_taken_from_all_of_them(tmp_path, monkeypatch):
    whole = make_split("train", [8, 8, 8])
    part = whole.take(np.arange(3, 24, 2))
    activations = make_activations(tmp_path)
    views = (IMAGE, MIRROR)
    of_whole = read_all(activations.load(whole, views)).reshape(2, 24, -1)
    computed = count_computed(activations, monkeypatch)
    of_part = read_all(activations.load(part, views)).reshape(2, len(part), -1)
    assert computed == []
    np.testing.assert_array_equal(of_part, of_whole[:, 3::2])


def test_a_part_takes_the_room_of_all_images_where_there_is_no_other(tmp_path, monkeypatch):
    whole = make_split("train", [8, 8, 8])
    part = whole.take(np.arange(1, 24))
    first = make_activations(tmp_path)
    of_whole = read_all(first.load(whole))
    activations = make_activations(tmp_path)
    num_bytes = activations.recipe(whole, IMAGE).num_bytes
    activations.cache = open_activation_cache(str(tmp_path), (num_bytes + 4000) / 2**30)
    computed = count_computed(activations, monkeypatch)
    assert activations.find_obstacle(((part, (IMAGE,)),)) is None
    np.testing.assert_array_equal(read_all(activations.load(part)), of_whole[1:])
    assert computed == []
    assert not first.cache.has(first.recipe(whole, IMAGE))


def test_a_part_that_is_there_is_read_without_all_images(tmp_path):
    whole = make_split("train", [8, 8, 8])
    part = whole.take(np.arange(5))
    make_activations(tmp_path).load(whole)
    activations = make_activations(tmp_path)
    activations.load(part)
    meta = tmp_path / "activations" / activations.recipe(whole, IMAGE).key / META_FILE
    os.utime(meta, (0, 0))
    activations.load(part)
    assert meta.stat().st_mtime == 0


def test_a_part_is_computed_alone_where_the_others_are_not_there(tmp_path, monkeypatch):
    whole = make_split("train", [8, 8, 8])
    part = whole.take(np.arange(5))
    activations = make_activations(tmp_path)
    computed = count_computed(activations, monkeypatch)
    rows = read_all(activations.load(part))
    assert sum(computed) == 5
    np.testing.assert_allclose(rows, np.asarray(activations.cut.frozen(whole.images[:5])), rtol=1e-3, atol=1e-6)


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
    rows = read_all(again.load(split))
    assert sum(computed) == 96 - 64
    np.testing.assert_allclose(rows, again.cut.frozen(split.images), rtol=1e-3, atol=1e-6)


def test_the_mirror_is_the_mirror_image(tmp_path):
    activations = make_activations(tmp_path, augmentation=FLIPPED)
    split = make_split("train", [4, 4, 4])
    rows = activations.load(split, (IMAGE, MIRROR))
    mirrored = np.asarray(activations.cut.frozen(split.images[:, :, ::-1]))
    assert rows.num_views == 2
    np.testing.assert_allclose(rows.read(np.array([12, 23])), mirrored[[0, 11]], rtol=1e-3, atol=1e-6)


def test_an_augmentation_is_the_same_however_many_images_are_computed_at_once(tmp_path, monkeypatch):
    split = make_split("train", [15, 14, 14])
    settings = {"augmentation": AugmentationConfig(rotation_factor=0.2, contrast_factor=0.3)}
    (view,) = view_names(settings["augmentation"], 2)[1:]
    at_once = make_activations(tmp_path / "many", **settings)
    assert at_once.rows_at_once == 32
    many = at_once.load_view(split, view)
    monkeypatch.setattr(activations_module, "LARGEST_CHUNK_BYTES", 1)
    in_turn = make_activations(tmp_path / "few", **settings)
    assert in_turn.rows_at_once == 8
    np.testing.assert_array_equal(in_turn.load_view(split, view), many)
    assert np.abs(many - at_once.load_view(split, IMAGE)).max() > 0.01


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
    keys.add(key(Activations(cut_network(model, 0), resized.config)))
    half = make_config()
    half.trainer.precision = "mixed_bfloat16"
    dtype_policy("mixed_bfloat16")
    model = build_transfer_model(half, (24, 24, 1), 3)
    keys.add(key(Activations(cut_network(model, 0), half)))
    kernel = activations.cut.frozen.get_layer("block1_conv1").kernel
    kernel.assign(kernel + 1e-6)
    keys.add(key(Activations(activations.cut, activations.config)))
    flipped = make_activations(tmp_path, augmentation=FLIPPED)
    keys.add(key(flipped, view=MIRROR))
    for jit_compile in (True, False):
        compiled = make_config()
        compiled.trainer.jit_compile = jit_compile
        keys.add(key(Activations(activations.cut, compiled)))
    assert len(keys) == 10


def test_what_a_gpu_compiles_is_known_by_another_key(tmp_path, monkeypatch):
    activations = make_activations(tmp_path)
    activations.config.trainer.jit_compile = None
    on_cpu = Activations(activations.cut, activations.config).key_parts
    with deterministic_operations():
        gpu = tensorflow.config.PhysicalDevice("/physical_device:GPU:0", "GPU")
        monkeypatch.setattr(tensorflow.config, "list_physical_devices", lambda *_: [gpu])
        monkeypatch.setattr(activations_module, "find_device", lambda: Device("tensorflow", "gpu", ("gpu:0",)))
        deterministic = Activations(activations.cut, activations.config).key_parts
    compiled = Activations(activations.cut, activations.config).key_parts
    assert "jit_compile" not in on_cpu
    assert deterministic == on_cpu | {"device": "gpu"}
    assert compiled == deterministic | {"jit_compile": True}


def small_network(*, flip: bool = False, parallel: bool = False, augmented: bool = False) -> keras.Model:
    """Two convolutions in a row or side by side; a network of random layers computes the same outside of training."""
    images = keras.Input((8, 8, 3))
    pixels = keras.layers.RandomFlip(seed=1)(images, training=False) if augmented else images
    pixels = keras.ops.flip(pixels, axis=-1) if flip else pixels
    first = keras.layers.Conv2D(3, 3, padding="same")(pixels)
    second = keras.layers.Conv2D(3, 3, padding="same")(pixels if parallel else first)
    return keras.Model(images, keras.layers.Add()([first, second]))


def test_the_architecture_is_told_by_its_operations_and_connections():
    plain = hash_architecture(small_network())
    assert hash_architecture(small_network()) == plain
    assert hash_architecture(small_network(augmented=True)) == plain
    assert len({plain, *map(hash_architecture, (small_network(flip=True), small_network(parallel=True)))}) == 3


def test_the_key_does_not_change_with_labels_or_names(tmp_path):
    activations, split = make_activations(tmp_path), make_split("val", [4, 4, 4])
    corrected = replace(split, labels=np.roll(split.labels, 1))
    assert not np.array_equal(corrected.labels, split.labels)
    assert len({key(activations, each) for each in (split, corrected, replace(split, name="train"))}) == 1


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


def test_what_is_cached_or_being_computed_needs_no_further_room(dataset, tmp_path):
    activations = make_activations(tmp_path)
    wanted = ((dataset.train, (IMAGE,)), (dataset.val, (IMAGE,)))
    both = sum(activations.recipe(split, IMAGE).num_bytes for split, _ in wanted)
    # Room for both and for their meta.json, not for one of them twice.
    activations.config.trainer.cache_size_limit = (both + 8000) / 2**30
    again = make_activations(tmp_path)
    again.cache = open_activation_cache(str(tmp_path), activations.config.trainer.cache_size_limit)
    assert again.find_obstacle(wanted) is None
    again.load(dataset.train)
    assert again.find_obstacle(wanted) is None
    again.load(dataset.val)
    tight = make_activations(tmp_path)
    tight.cache = open_activation_cache(str(tmp_path), 0.0)
    assert tight.find_obstacle(wanted) is None
    tight.cache.clear()
    assert "trainer.cache_size_limit" in tight.find_obstacle(wanted)


def test_a_phase_of_one_epoch_takes_one_view(dataset, tmp_path):
    config = make_config(
        make_phase(trainable_blocks=0, **GOOD), make_phase(epochs=3, trainable_blocks=0, **GOOD), augmentation=FLIPPED
    )
    config.trainer.cache_views = 2
    result, _ = run(config, dataset, tmp_path)
    assert result.inputs == {
        "first": told_activations("pooling", (IMAGE,)),
        "second": told_activations("pooling", (IMAGE, MIRROR)),
    }
