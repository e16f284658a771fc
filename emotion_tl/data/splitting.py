"""Splits that a source does not come with, and the marks of copies across splits."""

import logging
from collections.abc import Sequence

import numpy as np
import pandas as pd

from emotion_tl.config import DataConfig
from emotion_tl.data.persons import draw_groups, find_persons, group_with_copies
from emotion_tl.data.sources.split_names import SPLITS

logger = logging.getLogger(__name__)


def assign_splits(table: pd.DataFrame, config: DataConfig) -> pd.Series:
    """Returns "train", "val" or "test" for each image.

    Splits that the source has are left alone. A test split that it lacks is made from train, then a val split; both
    stratified, with all images of identical pixels on the same side, and all of a person where `data.person_pattern`
    says who is on them.

    Args:
        table: columns image, label, split and pixel_hash, as in a `Store`.

    Raises:
        DataError: where the pattern does not find a person in each name, or there are too few people.
    """
    official = table["split"]
    splits = official.where(official.notna(), "train").astype(object)
    pattern = config.person_pattern
    persons = None if pattern is None else find_persons(table["image"], pattern)
    for name, fraction in (("test", config.test_fraction), ("val", config.val_fraction)):
        if (official == name).any():
            continue
        if persons is None:
            splits = carve(table, splits, name, fraction, config.split_seed)
        else:
            splits = carve_people(table, splits, persons, name, fraction, config.split_seed)
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


def carve_people(
    table: pd.DataFrame, splits: pd.Series, persons: pd.Series, name: str, fraction: float, seed: int
) -> pd.Series:
    """Returns the splits after about a share of train, all images of some people, became the split of this name."""
    train = table[splits == "train"]
    groups = group_with_copies(persons[train.index], train["pixel_hash"])
    drawn = draw_groups(train["label"], groups, fraction, seed)
    if abs(len(drawn) / len(train) - fraction) > fraction / 2:
        logger.warning(
            "data.%s_fraction=%g: %s got %.0f %% of the images, since those of a person, and of people who share "
            "identical ones, stay together: the most that do are %.0f %%.",
            *(name, fraction, name, 100 * len(drawn) / len(train), 100 * groups.value_counts().max() / len(train)),
        )
    return splits.mask(table.index.isin(drawn), name)


def find_copies(pixel_hashes: pd.Series, splits: pd.Series, order_of_splits: Sequence[str] = SPLITS) -> np.ndarray:
    """Returns for each image whether one with identical pixels stands in a split before its own: bool (num_images,).

    The usual order of the splits is train, val, test: what a model has seen when it comes to a split.
    """
    order = splits.map({name: position for position, name in enumerate(order_of_splits)})
    return (order.groupby(pixel_hashes).transform("min") < order).to_numpy()
