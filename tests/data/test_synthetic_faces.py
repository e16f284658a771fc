"""The drawn data set; how the faces look is tested with the drawing."""

import numpy as np
import pytest

from emotion_tl.config import DataConfig
from emotion_tl.data.dataset import Dataset, load_dataset
from emotion_tl.errors import DataError


def load(cache, **settings) -> Dataset:
    settings = {"num_images": 140, "image_size": 32} | settings
    return load_dataset(DataConfig(name="synthetic_faces", source="synthetic_faces", **settings), cache)


def images_by_id(dataset: Dataset) -> dict[str, np.ndarray]:
    return {
        image_id: image
        for split in dataset.splits().values()
        for image_id, image in zip(split.image_ids, split.read(slice(None)), strict=True)
    }


def test_seven_mildly_unequal_classes(tmp_path):
    dataset = load(tmp_path)
    assert dataset.class_names == ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
    counts = sum(split.class_counts(7) for split in dataset.splits().values())
    assert counts.sum() == 140
    assert counts.max() / counts.min() == 3
    assert dataset.image_shape == (32, 32, 1)
    assert load(tmp_path, color_mode="rgb").image_shape == (32, 32, 3)


def test_the_same_seed_draws_the_same_faces_on_any_cache(tmp_path):
    first, again, other = load(tmp_path / "a"), load(tmp_path / "b"), load(tmp_path / "a", drawing_seed=1)
    assert first.fingerprint == again.fingerprint
    assert first.fingerprint != other.fingerprint
    assert not any(split.has_copy.any() for split in first.splits().values())


def test_more_images_leave_the_earlier_ones_as_they_are(tmp_path):
    fewer, more = images_by_id(load(tmp_path)), images_by_id(load(tmp_path, num_images=168))
    assert len(more) == 168
    for image_id, image in fewer.items():
        np.testing.assert_array_equal(image, more[image_id])


def test_chosen_classes_share_all_the_images(tmp_path):
    dataset = load(tmp_path, classes=["happy", "sad", "angry"], num_images=70)
    assert dataset.class_names == ("happy", "sad", "angry")
    assert sum(len(split) for split in dataset.splits().values()) == 70
    with pytest.raises(DataError, match="Received: joy"):
        load(tmp_path, classes=["happy", "joy"])


def test_too_few_images_for_all_classes_and_splits(tmp_path):
    with pytest.raises(DataError, match="expected images of every class"):
        load(tmp_path, num_images=10)
