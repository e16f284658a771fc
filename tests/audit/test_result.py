"""What is found in every data set, as figures."""

import json

import numpy as np
import pytest

from emotion_tl.audit.brightness import average_images
from emotion_tl.audit.images import look_at_images
from emotion_tl.audit.result import audit_exactly
from tests.audit.planted import draw_faces, make_dataset, plain_dataset, with_images


@pytest.fixture(scope="module")
def dataset():
    images = plain_dataset().train.images
    changed = {0: np.full_like(images[0], 9), 24: np.full_like(images[0], 9), 35: np.full_like(images[0], 250)}
    return with_images(plain_dataset(), changed)


def test_constant_images(dataset):
    summary = audit_exactly(dataset).summary()
    assert summary["constant_images"] == {"num_images": 3, "by_split": {"train": 1, "val": 1, "test": 1}}


def test_a_single_other_pixel_or_channel_is_not_constant():
    images = np.full((6, 32, 32, 3), 5, dtype=np.uint8)
    images[1, -1, -1, 2] = 6
    images[2, ..., 1] = 100
    table = look_at_images(make_dataset(images, [0, 1, 2, 0, 1, 2], ["train"] * 4 + ["val", "test"])).table
    # One colour all over is as empty as one grey level.
    assert table["is_constant"].tolist() == [True, False, True, True, True, True]


def test_counts_and_imbalance():
    splits = ["train"] * 9 + ["val"] * 3 + ["test"] * 6
    dataset = make_dataset(draw_faces(18), [0, 0, 0, 0, 0, 0, 1, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2], splits)
    summary = audit_exactly(dataset).summary()
    assert summary["counts"] == {
        "train": {"angry": 6, "happy": 2, "sad": 1},
        "val": {"angry": 1, "happy": 1, "sad": 1},
        "test": {"angry": 2, "happy": 2, "sad": 2},
    }
    assert summary["imbalance"] == {"train": 6, "val": 1, "test": 1}
    # 6/9 of train are angry, 1/3 of val: a third would have to change.
    assert summary["shift_of_class_shares"]["val"] == pytest.approx(1 / 3)


def test_brightness_and_contrast_of_the_classes():
    images = np.zeros((6, 32, 32, 1), dtype=np.uint8)
    images[0], images[3] = 10, 30
    images[1, :16], images[4, :16] = 200, 200
    brightness = audit_exactly(make_dataset(images, [0, 1, 2] * 2, ["train"] * 4 + ["val", "test"])).brightness
    assert brightness.loc["angry"].tolist() == [20, 10, 0, 0]
    assert brightness.loc["happy"].tolist() == [100, 0, 100, 0]


def test_mean_images_over_all_splits():
    dataset = plain_dataset()
    means = average_images(look_at_images(dataset))
    assert means.dtype == np.uint8
    expected = dataset.train.images[1::3].astype(float).mean(axis=0)
    np.testing.assert_array_equal(means[1], np.rint(expected))


def test_images_are_read_by_their_number():
    splits = ["test", "train", "val", "train", "test", "val"]
    dataset = make_dataset(draw_faces(6), [0, 1, 2, 2, 1, 0], splits)
    images = look_at_images(dataset)
    assert images.table["image"].tolist() == ["train/1", "train/3", "val/2", "val/5", "test/0", "test/4"]
    np.testing.assert_array_equal(images.read([5, 0, 2]), dataset.train.images[[4, 1, 2]])


def test_json_says_what_was_not_looked_for(dataset):
    told = json.loads(audit_exactly(dataset).to_json())
    assert told["num_images"] == 36
    assert told["near_duplicates"] is None
    assert told["label_issues"] is None
    assert told["dedup"] is None
