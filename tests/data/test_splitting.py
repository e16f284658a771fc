"""Splits made here: stratified, grouped by identical pixels, seeded."""

import numpy as np
import pandas as pd
import pytest

from emotion_tl.config import DataConfig
from emotion_tl.data.splitting import assign_splits, find_copies


def make_table(counts: list[int], num_copies: int = 0, splits: list[str] | None = None) -> pd.DataFrame:
    """A table of `counts[label]` different images of each label, the first ones standing `num_copies` more times."""
    labels = np.repeat(np.arange(len(counts)), counts)
    table = pd.DataFrame({"label": labels, "pixel_hash": [f"{row:04d}" for row in range(len(labels))]})
    table = pd.concat([table, table[:num_copies]], ignore_index=True)
    return table.assign(split=pd.Series(splits or [None] * len(table), dtype=object))


def config(**settings) -> DataConfig:
    return DataConfig(name="faces", source="image_folder", **settings)


def test_shares_of_each_class():
    table = make_table([400, 100])
    splits = assign_splits(table, config(test_fraction=0.2, val_fraction=0.25))
    counts = pd.crosstab(splits, table["label"])
    assert counts.loc["test"].tolist() == [80, 20]
    assert counts.loc["val"].tolist() == [80, 20]
    assert counts.loc["train"].tolist() == [240, 60]


@pytest.mark.parametrize("seed", range(5))
def test_identical_images_stay_together(seed):
    table = make_table([60, 60], num_copies=100)
    splits = assign_splits(table, config(split_seed=seed))
    assert splits.groupby(table["pixel_hash"]).nunique().max() == 1
    assert not find_copies(table["pixel_hash"], splits).any()


def test_identical_images_of_different_labels_stay_together():
    table = make_table([60, 60])
    table.loc[60:79, "pixel_hash"] = table.loc[0:19, "pixel_hash"].to_numpy()
    splits = assign_splits(table, config())
    assert splits.groupby(table["pixel_hash"]).nunique().max() == 1


def test_the_seed_decides():
    table = make_table([100, 100])
    first, again, other = (assign_splits(table, config(split_seed=seed)) for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


def test_even_the_smallest_class_is_in_every_split():
    table = make_table([100, 3])
    splits = assign_splits(table, config())
    assert pd.crosstab(splits, table["label"])[1].to_dict() == {"test": 1, "train": 1, "val": 1}


def test_official_splits_are_left_alone():
    official = ["train"] * 6 + ["val"] * 2 + ["test"] * 2
    table = make_table([5, 5], splits=official)
    assert assign_splits(table, config()).tolist() == official


def test_only_the_missing_split_is_made():
    official = ["train"] * 20 + ["test"] * 20
    table = make_table([20, 20], splits=official).assign(label=[0, 1] * 20)
    splits = assign_splits(table, config())
    assert (splits[20:] == "test").all()
    assert splits[:20].value_counts().to_dict() == {"train": 18, "val": 2}


def test_copies_are_marked_in_the_split_that_comes_later():
    hashes = pd.Series(["a", "a", "b", "b", "c", "c", "d", "d", "e"])
    splits = pd.Series(["train", "val", "val", "test", "train", "test", "train", "train", "test"])
    assert find_copies(hashes, splits).tolist() == [False, True, False, True, False, True, False, False, False]
