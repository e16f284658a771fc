"""What is left out of train and val, and that test never changes."""

import numpy as np
import pandas as pd
import pytest

from emotion_tl.config import DataConfig
from emotion_tl.data.dataset import load_dataset
from emotion_tl.data.selection import (
    CONSTANT,
    CONTRADICTORY,
    COPY_ACROSS,
    COPY_WITHIN,
    draw_train_fraction,
    find_constant,
    find_left_out,
)
from emotion_tl.errors import ConfigurationError, DataError
from tests.data.conftest import make_image, save_image, write_splits

# hash, label, split of each image, and why "drop_train_copies" and "clean" leave it out.
CASES = [
    ("alone", 0, "train", None, None),
    ("in-test", 0, "train", COPY_ACROSS, COPY_ACROSS),
    ("in-test", 0, "val", COPY_ACROSS, COPY_ACROSS),
    ("in-test", 0, "test", None, None),
    ("in-val", 1, "train", COPY_ACROSS, COPY_ACROSS),
    ("in-val", 1, "val", None, None),
    ("twins", 1, "train", None, None),
    ("twins", 1, "train", None, COPY_WITHIN),
    ("unsure", 0, "train", None, CONTRADICTORY),
    ("unsure", 1, "train", None, CONTRADICTORY),
    ("twins-in-test", 1, "test", None, None),
    ("twins-in-test", 1, "test", None, None),
    ("black", 0, "val", None, CONSTANT),
    ("white", 0, "test", None, None),
]


@pytest.mark.parametrize(("dedup", "column"), [("none", None), ("drop_train_copies", 3), ("clean", 4)])
def test_each_rule(dedup, column):
    table = pd.DataFrame(CASES).rename(columns={0: "pixel_hash", 1: "label", 2: "split"})
    images = np.random.default_rng(0).integers(0, 256, (len(CASES), 4, 4, 1), dtype=np.uint8)
    images[-2:] = 0
    reasons = find_left_out(table, table["split"], images, dedup)
    expected = [None if column is None else case[column] for case in CASES]
    assert reasons.where(reasons.notna(), None).tolist() == expected


def test_an_image_is_constant_where_each_channel_is():
    images = np.zeros((3, 4, 4, 3), dtype=np.uint8)
    images[1] = [10, 20, 30]
    images[2, 3, 3, 2] = 1
    assert find_constant(images).tolist() == [True, True, False]


def config(**settings) -> DataConfig:
    return DataConfig(name="faces", source="image_folder", **settings)


def test_a_smaller_fraction_is_part_of_a_larger_one_and_keeps_the_shares():
    labels = pd.Series(np.repeat([0, 1, 2], [500, 300, 3])).sample(frac=1, random_state=1)
    kept = [draw_train_fraction(labels, config(train_fraction=fraction)) for fraction in (0.01, 0.1, 0.5)]
    counts = [np.bincount(labels[mask]).tolist() for mask in kept]
    assert counts == [[5, 3, 1], [50, 30, 1], [250, 150, 2]]
    assert not (kept[0] & ~kept[1]).any()
    assert not (kept[1] & ~kept[2]).any()


def test_another_split_seed_draws_other_images():
    labels = pd.Series(np.zeros(100, dtype=np.int64))
    first, again, other = (
        draw_train_fraction(labels, config(train_fraction=0.5, split_seed=seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.fixture
def folder(tmp_path):
    folder = write_splits(tmp_path / "faces", num_images=8)
    save_image(folder / "train" / "angry" / "copy.png", make_image(2000))
    return folder


def test_a_data_set_without_the_copies_of_its_test_images(folder, tmp_path, folder_config):
    whole, dropped = (
        load_dataset(folder_config(folder, dedup=dedup), tmp_path / "cache") for dedup in ("none", "drop_train_copies")
    )
    assert whole.left_out.empty
    assert whole.test.has_copy.sum() == 1
    assert dropped.left_out.values.tolist() == [["train/angry/copy.png", "train", COPY_ACROSS]]
    assert not dropped.test.has_copy.any()
    assert set(whole.train.image_ids) - set(dropped.train.image_ids) == {"train/angry/copy.png"}
    assert dropped.test.fingerprint == whole.test.fingerprint
    assert dropped.fingerprint != whole.fingerprint
    # The images are packed once for both.
    assert len(list((tmp_path / "cache" / "stores").iterdir())) == 1


def test_a_class_that_dedup_leaves_nothing_of_names_the_setting(folder, tmp_path, folder_config):
    for number in range(8):
        copied = (folder / "test" / "sad" / f"{number:03d}.png").read_bytes()
        (folder / "train" / "sad" / f"{number:03d}.png").write_bytes(copied)
    load_dataset(folder_config(folder), tmp_path / "cache")
    told = r"There are none of: sad in train \(data\.dedup leaves out all 8; data\.dedup=none keeps them\); 0 images"
    with pytest.raises(DataError, match=told):
        load_dataset(folder_config(folder, dedup="drop_train_copies"), tmp_path / "cache")


def test_a_part_of_train(folder, tmp_path, folder_config):
    whole, part = (
        load_dataset(folder_config(folder, train_fraction=share), tmp_path / "cache") for share in (1.0, 0.25)
    )
    assert part.train.class_counts(3).tolist() == [2, 2, 2]
    assert part.left_out.empty
    assert (part.val.fingerprint, part.test.fingerprint) == (whole.val.fingerprint, whole.test.fingerprint)
    assert part.fingerprint != whole.fingerprint
    assert whole.train.whole is None
    assert part.train.whole.fingerprint == whole.train.fingerprint
    positions = part.train.positions_in_whole()
    np.testing.assert_array_equal(part.train.read(slice(None)), whole.train.read(positions))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dedup": "drop"}, r"data\.dedup: expected one of none, drop_train_copies, clean"),
        ({"train_fraction": 0}, r"data\.train_fraction: expected a fraction above 0"),
        ({"train_fraction": 1.5}, r"data\.train_fraction: expected a fraction above 0"),
    ],
)
def test_a_wrong_setting_is_named(folder, tmp_path, folder_config, settings, message):
    with pytest.raises(ConfigurationError, match=message):
        load_dataset(folder_config(folder, **settings), tmp_path / "cache")
