"""A data set in which the tests have planted what an audit is to find."""

from dataclasses import replace

import numpy as np
import pandas as pd

from emotion_tl.data.dataset import Dataset, Split
from emotion_tl.data.splitting import find_copies
from emotion_tl.data.store import hash_pixels

CLASSES = ("angry", "happy", "sad")
IMAGE_SIZE = 32
SPLITS = ("train", "val", "test")


def draw_faces(num_images: int, seed: int = 0) -> np.ndarray:
    """Returns uint8 (n, IMAGE_SIZE, IMAGE_SIZE, 1): smooth patterns, no two of them alike, straight or mirrored."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (num_images, 8, 8, 1), dtype=np.uint8)
    return coarse.repeat(IMAGE_SIZE // 8, axis=1).repeat(IMAGE_SIZE // 8, axis=2)


def make_dataset(images: np.ndarray, labels: list[int] | np.ndarray, splits: list[str] | np.ndarray) -> Dataset:
    """Returns a data set of these images; each is called by its number."""
    labels, splits = np.asarray(labels, dtype=np.int64), np.asarray(splits)

    def member(name: str) -> Split:
        rows = np.flatnonzero(splits == name)
        return Split(
            name=name,
            labels=labels[rows],
            image_ids=np.array([f"{name}/{row}" for row in rows], dtype=object),
            has_copy=np.zeros(len(rows), dtype=bool),
            pixel_hashes=hashes_of(images, rows),
            images=images,
            rows=rows,
        )

    return Dataset(
        name="planted",
        class_names=CLASSES,
        fingerprint="0" * 32,
        train=member("train"),
        val=member("val"),
        test=member("test"),
        rejected=pd.DataFrame(columns=["image", "reason"]),
        left_out=pd.DataFrame(columns=["image", "split", "reason"]),
    )


def hashes_of(images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Returns the pixel hashes of the images in some rows."""
    return np.array([hash_pixels(images[row]) for row in rows], dtype=object)


def plain_dataset() -> Dataset:
    """Returns 36 different images, 24 of train, 6 of val and 6 of test, the classes in turn."""
    return make_dataset(draw_faces(36), np.arange(36) % 3, ["train"] * 24 + ["val"] * 6 + ["test"] * 6)


def with_images(dataset: Dataset, changed: dict[int, np.ndarray]) -> Dataset:
    """Returns the data set with other images in some rows."""
    images = dataset.train.images.copy()
    for row, image in changed.items():
        images[row] = image
    splits = {
        name: replace(split, images=images, pixel_hashes=hashes_of(images, split.rows))
        for name, split in dataset.splits().items()
    }
    return mark_copies(replace(dataset, **splits))


def mark_copies(dataset: Dataset) -> Dataset:
    """Returns the data set with the marks that loading it would have given its copies."""
    splits = dataset.splits().values()
    hashes = pd.Series(np.concatenate([split.pixel_hashes for split in splits]))
    names = pd.Series(np.repeat([split.name for split in splits], [len(split) for split in splits]))
    has_copy = find_copies(hashes, names)
    return replace(dataset, **{split.name: replace(split, has_copy=has_copy[names == split.name]) for split in splits})
