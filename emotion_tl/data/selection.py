"""Which images of a data set are left out: copies, images that say nothing, and a part of train where less is wanted.

The test split is never touched, so that all selections are measured on the same images.
"""

import numpy as np
import pandas as pd

from emotion_tl.config import DataConfig
from emotion_tl.data.sources.split_names import SPLITS
from emotion_tl.data.splitting import find_copies

COPY_ACROSS = "copy of an image in a later split"
COPY_WITHIN = "copy of another train image"
CONTRADICTORY = "copies carry different labels"
CONSTANT = "all pixels are equal"

# Read at once where all images are gone through.
IMAGES_AT_ONCE = 1024


def find_left_out(table: pd.DataFrame, splits: pd.Series, images: np.ndarray, dedup: str) -> pd.Series:
    """Returns for each image why `data.dedup` leaves it out; None where it stays.

    "drop_train_copies" leaves out of train what also stands in val or test, and of val what also stands in test: the
    model has then seen no test image, and none of them has chosen the epoch. "clean" also leaves out of train and val
    the images whose copies disagree on the label and those of one constant value, and of identical train images all but
    the first.

    Args:
        table: columns label and pixel_hash, as in a `Store`.
        splits: "train", "val" or "test" of each image.
        images: uint8 (n, height, width, channels).
        dedup: one of `emotion_tl.config.DEDUP_CHOICES`.
    """
    reasons = pd.Series(None, index=table.index, dtype=object)
    if dedup == "none":
        return reasons
    hashes = table["pixel_hash"]
    rules = {COPY_ACROSS: find_copies(hashes, splits, SPLITS[::-1])}
    if dedup == "clean":
        rules[CONTRADICTORY] = (table.groupby(hashes)["label"].transform("nunique") > 1).to_numpy()
        rules[CONSTANT] = find_constant(images)
        rules[COPY_WITHIN] = (splits == "train").to_numpy() & pd.DataFrame(
            {"hash": hashes, "split": splits}
        ).duplicated()
    for reason, applies in rules.items():
        reasons = reasons.mask(reasons.isna() & applies & (splits != "test"), reason)
    return reasons


def find_constant(images: np.ndarray) -> np.ndarray:
    """Returns whether all pixels of an image are equal, in each channel: bool (n,).

    Args:
        images: uint8 (n, height, width, channels), may be memory-mapped.
    """
    chunks = (images[start : start + IMAGES_AT_ONCE] for start in range(0, len(images), IMAGES_AT_ONCE))
    constant = [(chunk == chunk[:, :1, :1]).all(axis=(1, 2, 3)) for chunk in chunks]
    return np.concatenate(constant) if constant else np.zeros(0, dtype=bool)


def draw_train_fraction(labels: pd.Series, config: DataConfig) -> np.ndarray:
    """Returns which train images a smaller training set keeps: bool (n,), the same share of each class.

    A smaller fraction is a part of every larger one, and depends on `data.split_seed` alone: all seeds of a run learn
    from the same images. Of each class one image or more stays.

    Args:
        labels: of the train images.
        config: with `train_fraction` in 0..1.
    """
    shuffled = labels.sample(frac=1.0, random_state=config.split_seed)
    by_label = shuffled.groupby(shuffled)
    num_kept = np.maximum(1, (config.train_fraction * by_label.transform("size")).round())
    return (by_label.cumcount() < num_kept).reindex(labels.index).to_numpy()
