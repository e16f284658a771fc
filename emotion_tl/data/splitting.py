"""Splits that a source does not come with, and the marks of copies across splits."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from emotion_tl.config import DataConfig
from emotion_tl.data.sources.split_names import SPLITS


def assign_splits(table: pd.DataFrame, config: DataConfig) -> pd.Series:
    """Returns "train", "val" or "test" for each image.

    Splits that the source has are left alone. A test split that it lacks is made from train, then a val split; both
    stratified, and with all images of identical pixels on the same side.

    Args:
        table: columns label, split and pixel_hash, as in a `Store`.
    """
    official = table["split"]
    splits = official.where(official.notna(), "train").astype(object)
    for name, fraction in (("test", config.test_fraction), ("val", config.val_fraction)):
        if not (official == name).any():
            splits = carve(table, splits, name, fraction, config.split_seed)
    return splits


def carve(table: pd.DataFrame, splits: pd.Series, name: str, fraction: float, seed: int) -> pd.Series:
    """Returns the splits after a share of train, one image or more of each class, became the split of this name."""
    train = table[splits == "train"]
    # Of images with identical pixels one is drawn for all. The label of the first counts where copies disagree.
    unique = train.drop_duplicates("pixel_hash").sample(frac=1.0, random_state=seed)
    by_label = unique.groupby("label")["label"]
    num_drawn = np.maximum(1, (fraction * by_label.transform("size")).round())
    drawn = unique["pixel_hash"][by_label.cumcount() < num_drawn]
    moves = (splits == "train") & table["pixel_hash"].isin(drawn)
    return splits.mask(moves, name)


def find_copies(pixel_hashes: pd.Series, splits: pd.Series, order_of_splits: Sequence[str] = SPLITS) -> np.ndarray:
    """Returns for each image whether one with identical pixels stands in a split before its own: bool (num_images,).

    The usual order of the splits is train, val, test: what a model has seen when it comes to a split.
    """
    order = splits.map({name: position for position, name in enumerate(order_of_splits)})
    return (order.groupby(pixel_hashes).transform("min") < order).to_numpy()
