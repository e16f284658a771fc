"""Trainings that are repeated, that end badly, and that compute in reduced precision."""

import numpy as np
import pandas as pd
import pytest

from emotion_tl.config import AugmentationConfig, HeadConfig
from emotion_tl.errors import DeviceMemoryError, TrainingDivergedError
from emotion_tl.runtime import configure
from emotion_tl.training.batches import EvaluationBatches
from emotion_tl.training.rows import image_rows
from emotion_tl.training_config import TrainerConfig
from tests.tiny import make_config, make_phase
from tests.training.trainings import GOOD, run, weights_of

MEASURED = ["seconds", "images_per_second"]


# === Repeating ===


@pytest.fixture
def deterministic():
    """Runs as `trainer.deterministic=true` makes them, for one test."""
    from tensorflow.python.framework import config as framework_config

    yield lambda seed: configure(TrainerConfig(deterministic=True), seed)
    framework_config.disable_op_determinism()


def test_the_same_seed_twice_gives_the_same_numbers(dataset, deterministic, tmp_path):
    # All of it: TensorFlow refuses operations that have no deterministic form.
    augmentation = AugmentationConfig(
        horizontal_flip=True,
        rotation_factor=0.1,
        translation_factor=0.1,
        zoom_factor=0.1,
        brightness_factor=0.1,
        contrast_factor=0.1,
        erasing_factor=0.5,
    )
    head = HeadConfig(pooling="flatten", units=[8], dropout=0.3, batch_norm=True)
    config = make_config(make_phase(epochs=2, **GOOD), augmentation=augmentation, head=head)
    histories, weights = [], []
    for number in range(2):
        deterministic(config.seed)
        result, network = run(config, dataset, tmp_path / str(number))
        histories.append(result.history.drop(columns=MEASURED))
        weights.append(weights_of(network))
    pd.testing.assert_frame_equal(histories[0], histories[1], check_exact=True)
    assert all(np.array_equal(one, two) for one, two in zip(*weights, strict=True))


def test_another_seed_gives_other_numbers(dataset, tmp_path):
    losses = [
        run(make_config(make_phase(**GOOD), seed=seed), dataset, tmp_path / str(seed))[0].history["loss"]
        for seed in (0, 1)
    ]
    assert not losses[0].equals(losses[1])


# === Ends that are no good ===


def test_a_diverging_phase_is_named_with_its_epoch_and_a_hint(dataset, tmp_path):
    wild = make_phase(epochs=2, optimizer="sgd", learning_rate=1e30)
    with pytest.raises(TrainingDivergedError) as told:
        run(make_config(make_phase(epochs=2, **GOOD), wild), dataset, tmp_path)
    assert "phase second, epoch 3" in str(told.value)
    assert "schedule.phases.second.learning_rate=1e+29" in str(told.value)
    # What was good is still there.
    assert len(pd.read_csv(tmp_path / "history.csv")) == 2
    assert (tmp_path / "best.weights.h5").is_file()


def test_out_of_memory_names_the_phase_and_the_batch_size(dataset, tmp_path):
    def exhaust(row, network):
        raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 8589934592 bytes")

    with pytest.raises(DeviceMemoryError, match=r"phase first.*trainer\.batch_size=16"):
        run(make_config(make_phase(**GOOD)), dataset, tmp_path, [exhaust])


def test_an_interrupted_training_leaves_its_epochs(dataset, tmp_path):
    def interrupt(row, network):
        if row["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(make_config(make_phase(epochs=5, **GOOD)), dataset, tmp_path, [interrupt])
    assert pd.read_csv(tmp_path / "history.csv")["epoch"].tolist() == [1, 2]
    assert (tmp_path / "best.weights.h5").is_file()


# === Precision ===


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_an_epoch_in_mixed_precision(precision, dataset, dtype_policy, tmp_path):
    dtype_policy(precision)
    config = make_config(make_phase(ema_momentum=0.5, layer_decay=0.5, learning_rate_schedule="cosine", **GOOD))
    result, network = run(config, dataset, tmp_path)
    assert np.isfinite(result.history[["loss", "val_loss"]]).all(axis=None)
    assert network.output.dtype == "float32"
    assert network.get_layer("preprocess").compute_dtype == "float32"
    assert network.get_layer("block1_conv1").compute_dtype == precision.removeprefix("mixed_")
    images, one_hot, _ = EvaluationBatches(image_rows(dataset.val), 3, 8)[0]
    assert network(images).dtype == "float32"
    assert one_hot.shape == (8, 3)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_learns_what_float32_learns(precision, dataset, dtype_policy, tmp_path):
    """Two epochs: a loss that is scaled and not scaled back would be felt in the second."""
    outcomes = {}
    for policy in ("float32", precision):
        dtype_policy(policy)
        config = make_config(make_phase(epochs=2, optimizer="sgd", learning_rate=1e-2))
        result, network = run(config, dataset, tmp_path / policy)
        outcomes[policy] = result.history[["loss", "val_loss"]].to_numpy(), weights_of(network)
    (losses, weights), (mixed_losses, mixed_weights) = outcomes["float32"], outcomes[precision]
    np.testing.assert_allclose(mixed_losses, losses, rtol=0.02)
    assert abs(losses[1, 0] / losses[0, 0] - 1) > 0.04
    for one, other in zip(weights, mixed_weights, strict=True):
        assert one.dtype == other.dtype == np.float32
        np.testing.assert_allclose(other, one, rtol=0.05, atol=0.02)
