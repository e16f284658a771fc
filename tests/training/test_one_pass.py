"""A frozen phase and a later one on the last blocks: one pass over the images fills the cache for both."""

import keras
import numpy as np
import pytest

from emotion_tl.config import AugmentationConfig
from emotion_tl.models.transfer_model import build_transfer_model
from emotion_tl.training import activations as activations_module
from emotion_tl.training import one_pass
from emotion_tl.training.activations import Activations
from emotion_tl.training.cuts import cut_network
from emotion_tl.training.inputs import feed_splits
from emotion_tl.training.one_pass import find_later_phase
from emotion_tl.training.trainer import train
from emotion_tl.training.views import IMAGE, MIRROR
from tests.tiny import make_config, make_phase, make_split

FLIPPED = AugmentationConfig(name="flip", horizontal_flip=True)
WANTED = (IMAGE, MIRROR)


def make_case(folder, *trainable_blocks, **trainer):
    """Returns a network and its configuration, with a phase of two epochs for each number of blocks."""
    config = make_config(
        *(make_phase(epochs=2, trainable_blocks=each) for each in trainable_blocks), augmentation=FLIPPED
    )
    config.cache_dir = str(folder / "cache")
    config.trainer.cache_views = 2
    config.trainer.evaluation_batch_size = 8
    for name, value in trainer.items():
        setattr(config.trainer, name, value)
    keras.utils.set_random_seed(0)
    return build_transfer_model(config, (24, 24, 1), 3), config


@pytest.fixture
def computed(monkeypatch) -> list[int]:
    """Returns a list that gets the number of images of each pass through a frozen network."""
    counts = []
    predict_images = activations_module.predict_images

    def counting(network, split, view, positions, config):
        counts.append(positions.stop - positions.start)
        return predict_images(network, split, view, positions, config)

    monkeypatch.setattr("emotion_tl.training.activations.predict_images", counting)
    monkeypatch.setattr("emotion_tl.training.one_pass.predict_images", counting)
    return counts


def fill(model, config, split) -> None:
    phase = next(iter(config.schedule.phases.values()))
    feed_splits(model, phase, config, ((split, WANTED),), find_later_phase(phase, config))


def read(model, config, trainable_blocks, split, view) -> np.ndarray:
    return Activations(cut_network(model, trainable_blocks), config).load_view(split, view)


def test_one_pass_gives_what_two_would(tmp_path, computed):
    split = make_split("train", [15, 14, 14])
    model, config = make_case(tmp_path / "one", 0, 1)
    fill(model, config, split)
    assert sum(computed) == 2 * len(split)
    together = [read(model, config, blocks, split, view) for blocks in (0, 1) for view in WANTED]
    assert sum(computed) == 2 * len(split)
    model, config = make_case(tmp_path / "two", 0, 1)
    alone = [read(model, config, blocks, split, view) for blocks in (0, 1) for view in WANTED]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("blocks", "trainer", "num_views"),
    [
        ((0,), {}, 2),
        ((0, None), {}, 2),
        ((1, 2), {}, 2),
        ((0, 1), {"cache": "off"}, 0),
        ((0, 1), {"cache_size_limit": 0.0}, 0),
    ],
)
def test_where_there_is_no_later_phase_its_own_is_all_that_is_computed(blocks, trainer, num_views, tmp_path, computed):
    split = make_split("train", [8, 8, 8])
    model, config = make_case(tmp_path, *blocks, **trainer)
    fill(model, config, split)
    assert sum(computed) == num_views * len(split)
    assert len(list((tmp_path / "cache").rglob("array.npy"))) == num_views


def test_features_too_large_for_memory_are_left_to_their_own_pass(tmp_path, computed, monkeypatch):
    split = make_split("train", [8, 8, 8])
    model, config = make_case(tmp_path, 0, 1)
    monkeypatch.setattr(one_pass, "LARGEST_FEATURES_BYTES", 24 * 4)
    fill(model, config, split)
    assert sum(computed) == 2 * len(split)
    # Those of this phase alone.
    assert len(list((tmp_path / "cache").rglob("array.npy"))) == 2


def test_what_one_of_the_two_has_is_left_to_the_other(tmp_path, computed):
    split = make_split("train", [8, 8, 8])
    model, config = make_case(tmp_path, 0, 1)
    read(model, config, 0, split, IMAGE)
    computed.clear()
    fill(model, config, split)
    # The mirror for both; the image itself is the later phase's own pass.
    assert sum(computed) == len(split)
    read(model, config, 1, split, IMAGE)
    assert sum(computed) == 2 * len(split)


def test_an_interrupted_pass_goes_on_and_leaves_the_rest_to_the_phases(tmp_path, computed, monkeypatch):
    split = make_split("train", [32, 32, 32])
    model, config = make_case(tmp_path, 0, 1)
    stop_at = 2
    counting = activations_module.predict_images

    def interrupted(*arguments):
        if len(computed) == stop_at:
            raise KeyboardInterrupt
        return counting(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr("emotion_tl.training.one_pass.predict_images", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fill(model, config, split)
    done = sum(computed)
    assert 0 < done < len(split)
    computed.clear()
    fill(model, config, split)
    # The rest of the image for the later phase, all of it for this one, the mirror for both.
    assert sum(computed) == 3 * len(split) - done
    expected = np.asarray(cut_network(model, 0).frozen(split.images))
    np.testing.assert_allclose(read(model, config, 0, split, IMAGE), expected, rtol=1e-3, atol=1e-6)


def test_a_training_in_two_phases_passes_over_the_images_once(dataset, tmp_path, computed):
    model, config = make_case(tmp_path, 0, 1)
    result = train(model, dataset, config, tmp_path)
    assert all(fed.endswith("views: image, mirror") for fed in result.inputs.values())
    assert sum(computed) == 2 * len(dataset.train) + len(dataset.val)
