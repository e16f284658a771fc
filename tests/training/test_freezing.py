"""What moves in a phase and what stays, inside `fit`."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from emotion_tl.config import BackboneConfig, HeadConfig
from emotion_tl.models.transfer_model import TransferModel, build_transfer_model
from emotion_tl.models.weights import WeightsOrigin
from emotion_tl.training.freezing import learning_rate_multipliers, set_trainable
from emotion_tl.training.trainer import train
from tests import tiny

HEAD = HeadConfig(units=[8], batch_norm=True)
NUM_BLOCKS = 2


@pytest.fixture(scope="module")
def pretrained():
    """A network with BatchNormalization in two blocks and in the head, as if its weights had been learned before."""
    config = tiny.make_config(head=HEAD)
    config.backbone = BackboneConfig(name="baseline_cnn", image_size=tiny.IMAGE_SIZE, output_block="block2_pool")
    model = build_transfer_model(config, (tiny.IMAGE_SIZE, tiny.IMAGE_SIZE, 1), 3)
    return replace(model, weights=WeightsOrigin("imagenet"))


def snapshot(model: TransferModel) -> dict[str, np.ndarray]:
    return {weight.path: keras.ops.convert_to_numpy(weight) for weight in model.network.weights}


def moved_in_fit(model: TransferModel, phase, dataset, folder, **settings) -> set[str]:
    """Trains one phase and returns the paths of the weights that are no longer what they were."""
    config = tiny.make_config(replace(phase, learning_rate=0.01), **settings)
    before = snapshot(model)
    train(model, dataset, config, folder)
    return {path for path, value in snapshot(model).items() if not np.array_equal(value, before[path])}


def paths(layers) -> set[str]:
    return {weight.path for layer in layers for weight in layer.weights}


def kinds(names: set[str]) -> set[str]:
    return {name.split("/")[-1] for name in names}


def is_statistic_or_scale(path: str) -> bool:
    return "_bn/" in path


def test_frozen_phase_moves_the_head_alone(pretrained, dataset, tmp_path):
    moved = moved_in_fit(pretrained, tiny.make_phase(trainable_blocks=0), dataset, tmp_path)
    assert moved == paths(pretrained.head)
    assert {"moving_mean", "moving_variance", "gamma", "beta", "kernel", "bias"} == kinds(moved)


@pytest.mark.parametrize(("trainable_blocks", "num_trained"), [(1, 1), (None, NUM_BLOCKS)])
def test_exactly_the_last_blocks_move_and_their_batch_norm_keeps_still(
    pretrained, trainable_blocks, num_trained, dataset, tmp_path
):
    moved = moved_in_fit(pretrained, tiny.make_phase(trainable_blocks=trainable_blocks), dataset, tmp_path)
    trained = pretrained.blocks[NUM_BLOCKS - num_trained :]
    kernels = {path for block in trained for path in paths(block.layers) if not is_statistic_or_scale(path)}
    assert moved == kernels | paths(pretrained.head)


def test_train_batch_norm_lets_the_batch_norm_of_trained_blocks_learn(pretrained, dataset, tmp_path):
    phase = tiny.make_phase(trainable_blocks=1, train_batch_norm=True)
    moved = moved_in_fit(pretrained, phase, dataset, tmp_path)
    trained = {path for block in pretrained.blocks[1:] for path in paths(block.layers)}
    assert moved == trained | paths(pretrained.head)
    assert any(path.endswith("moving_variance") for path in moved & trained)


@pytest.mark.parametrize(
    ("origin", "train_batch_norm", "learns"),
    [
        ("imagenet", None, False),
        ("imagenet", True, True),
        ("imagenet", False, False),
        ("random", None, True),
        ("random", True, True),
        ("random", False, False),
    ],
)
def test_whether_batch_norm_learns_depends_on_the_weights_unless_it_is_said(
    pretrained, origin, train_batch_norm, learns
):
    model = replace(pretrained, weights=WeightsOrigin(origin))
    set_trainable(model, tiny.make_phase(trainable_blocks=1, train_batch_norm=train_batch_norm))
    for number, block in enumerate(model.blocks):
        for layer in block.layers:
            is_norm = isinstance(layer, keras.layers.BatchNormalization)
            assert layer.trainable == (number > 0 and (learns or not is_norm)), layer.name
    assert all(layer.trainable for layer in model.head)


def test_a_later_phase_freezes_what_an_earlier_one_trained(pretrained):
    set_trainable(pretrained, tiny.make_phase(trainable_blocks=None))
    set_trainable(pretrained, tiny.make_phase(trainable_blocks=1))
    trainable = {layer.name for block in pretrained.blocks for layer in block.layers if layer.trainable}
    assert trainable == {"block2_conv1", "block2_conv2"}


def test_learning_rate_multipliers_fall_from_block_to_block(pretrained):
    set_trainable(pretrained, tiny.make_phase(trainable_blocks=None))
    multipliers = learning_rate_multipliers(pretrained, 0.5)
    assert multipliers == {
        "block2_conv1/kernel": 0.5,
        "block2_conv2/kernel": 0.5,
        "block1_conv1/kernel": 0.25,
        "block1_conv2/kernel": 0.25,
    }


def test_inceptionv3_trains_its_last_two_blocks_under_a_head_with_batch_norm(dataset, tmp_path):
    config = tiny.make_config(head=HEAD)
    config.backbone = BackboneConfig(name="inceptionv3", image_size=75, output_block="mixed2")
    model = build_transfer_model(config, dataset.image_shape, 3)
    model = replace(model, weights=WeightsOrigin("imagenet"))
    moved = moved_in_fit(model, tiny.make_phase(trainable_blocks=2), dataset, tmp_path)
    kernels = {
        weight.path for block in model.blocks[1:] for layer in block.layers for weight in layer.trainable_weights
    }
    assert kernels
    assert all(path.endswith("kernel") for path in kernels)
    assert moved == kernels | paths(model.head)
