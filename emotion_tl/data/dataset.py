"""A data set ready for training: packed images, labels and splits."""

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from emotion_tl.config import DataConfig
from emotion_tl.data.packing import PackedSource, describe_bad, load_packed
from emotion_tl.data.persons import count_images_of_persons, find_persons
from emotion_tl.data.selection import IMAGES_AT_ONCE, draw_train_fraction, find_left_out
from emotion_tl.data.sources import check_data_config
from emotion_tl.data.sources.split_names import SPLITS
from emotion_tl.data.splitting import assign_splits, find_copies
from emotion_tl.data.store import HASH_BYTES, Store
from emotion_tl.errors import DataError


@dataclass(frozen=True, eq=False)
class Split:
    """The images of train, val or test.

    Attributes:
        name: "train", "val" or "test".
        labels: int64 (n,), positions in the class names of the data set.
        image_ids: str objects (n,), the name of each image in its source: relative, posix style, the same everywhere.
        has_copy: bool (n,), whether an image with identical stored pixels stands in a split that was seen before: for
            val in train, for test in train or val, for train never.
        pixel_hashes: str objects (n,), equal for images of equal stored pixels.
        images: uint8 (all images of the store, height, width, channels), memory-mapped.
        rows: int64 (n,), where in `images` each image of the split stands.
        whole: the split before images were left out of it; None where none were.
    """

    name: str
    labels: np.ndarray = field(repr=False)
    image_ids: np.ndarray = field(repr=False)
    has_copy: np.ndarray = field(repr=False)
    pixel_hashes: np.ndarray = field(repr=False)
    images: np.ndarray = field(repr=False)
    rows: np.ndarray = field(repr=False)
    whole: "Split | None" = field(default=None, repr=False)

    def __len__(self) -> int:
        """Returns the number of images."""
        return len(self.labels)

    def read(self, positions: npt.ArrayLike | slice) -> np.ndarray:
        """Reads images into memory.

        Args:
            positions: integers from 0 to len(self) - 1 in any order, a boolean mask, or a slice.

        Returns:
            uint8 (number of positions, height, width, channels), a copy in the order of the positions.
        """
        if not isinstance(positions, slice):
            positions = np.asarray(positions)
            # An empty list would come as an array of floats.
            positions = positions if positions.size else positions.astype(np.int64)
        return np.asarray(self.images[self.rows[positions]])

    def positions_in_whole(self) -> np.ndarray:
        """Returns where in `whole` each image stands: int64 (n,)."""
        assert self.whole is not None
        return np.searchsorted(self.whole.rows, self.rows)

    @cached_property
    def fingerprint(self) -> str:
        """Returns a hash in hex of the pixels and labels, by which splits of the same images are told."""
        content = hashlib.blake2b(self.labels.tobytes(), digest_size=HASH_BYTES)
        for start in range(0, len(self), IMAGES_AT_ONCE):
            content.update(self.read(slice(start, start + IMAGES_AT_ONCE)).tobytes())
        return content.hexdigest()

    @cached_property
    def images_fingerprint(self) -> str:
        """Returns a hash in hex of the pixels alone, in their order: a label that is corrected leaves it as it is."""
        return hashlib.blake2b("\n".join(self.pixel_hashes).encode(), digest_size=HASH_BYTES).hexdigest()

    def take(self, positions: npt.NDArray[np.int64]) -> "Split":
        """Returns the part of the split with the images at these positions, which ascend: `whole` is what it is of."""
        columns = ("labels", "image_ids", "has_copy", "pixel_hashes", "rows")
        taken = {name: getattr(self, name)[positions] for name in columns}
        return replace(self, **taken, whole=self if self.whole is None else self.whole)

    def class_counts(self, num_classes: int) -> np.ndarray:
        """Returns the number of images of each class: int64 (num_classes,)."""
        return np.bincount(self.labels, minlength=num_classes).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Three splits of images.

    Attributes:
        name: what it is called in runs and reports.
        class_names: the classes in the order of the labels.
        fingerprint: hash in hex of pixels, labels, splits and class names, in their order; the same on every machine
            and for every path and form of the source.
        train, val, test: the splits.
        rejected: the images that could not be used; columns image, reason.
        left_out: the images that `data.dedup` keeps out of train and val; columns image, split, reason.
        persons: number of images, a row a person, a column a split; None where nobody is known.
    """

    name: str
    class_names: tuple[str, ...]
    fingerprint: str
    train: Split
    val: Split
    test: Split
    rejected: pd.DataFrame = field(repr=False)
    left_out: pd.DataFrame = field(repr=False)
    persons: pd.DataFrame | None = field(default=None, repr=False)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Returns (height, width, channels) of the images."""
        height, width, channels = self.train.images.shape[1:]
        return height, width, channels

    @property
    def num_classes(self) -> int:
        """Returns the number of classes."""
        return len(self.class_names)

    def splits(self) -> dict[str, Split]:
        """Returns the splits by name, in the order train, val, test."""
        return {"train": self.train, "val": self.val, "test": self.test}


def load_dataset(config: DataConfig, cache_dir: Path) -> Dataset:
    """Opens a data set; on first use its images are decoded and packed below `cache_dir`, with a progress bar.

    Raises:
        ConfigurationError: where a setting cannot be right.
        DataError: where the data are not there, too many images are bad, or a class has no images in a split.
    """
    check_data_config(config)
    packed = load_packed(config, cache_dir.expanduser())
    check_bad_fraction(packed, config, cache_dir.expanduser())
    store = packed.store
    check_has_classes(store, config)
    offered = assign_splits(store.table, config)
    assigned, left_out = select_images(store, offered, config)
    has_copy = find_copies(store.table["pixel_hash"], assigned)
    train, val, test = (make_split(name, store, offered, assigned, has_copy) for name in SPLITS)
    dataset = Dataset(
        name=config.name,
        class_names=store.class_names,
        fingerprint=compute_dataset_fingerprint(store, assigned),
        train=train,
        val=val,
        test=test,
        rejected=packed.rejected,
        left_out=left_out,
        persons=find_persons_in_splits(store, assigned, config),
    )
    check_no_class_empty(dataset)
    return dataset


def check_has_classes(store: Store, config: DataConfig) -> None:
    """Raises DataError where there are fewer than two classes."""
    if len(store.class_names) < 2:
        # A file beside a folder that holds everything has that folder taken for a class.
        has_folders = config.source in ("image_folder", "fer2013")
        remedy = " Give data.path the folder that holds the class folders." if has_folders else ""
        raise DataError(f"{config.name}: expected two or more classes. Found: {', '.join(store.class_names)}.{remedy}")


def select_images(store: Store, splits: pd.Series, config: DataConfig) -> tuple[pd.Series, pd.DataFrame]:
    """Returns the splits with None for images that are not used, and those of them that `data.dedup` has left out."""
    reasons = find_left_out(store.table, splits, store.images, config.dedup)
    left_out = pd.DataFrame({"image": store.table["image"], "split": splits, "reason": reasons})[reasons.notna()]
    selected = splits.where(reasons.isna(), None)
    if config.train_fraction < 1:
        train_labels = store.table.loc[selected == "train", "label"]
        selected[train_labels.index[~draw_train_fraction(train_labels, config)]] = None
    return selected, left_out.reset_index(drop=True)


def find_persons_in_splits(store: Store, splits: pd.Series, config: DataConfig) -> pd.DataFrame | None:
    """Returns how many images of whom stand in which split; None without `data.person_pattern`."""
    if config.person_pattern is None:
        return None
    return count_images_of_persons(find_persons(store.table["image"], config.person_pattern), splits)


def make_split(name: str, store: Store, offered: pd.Series, assigned: pd.Series, has_copy: np.ndarray) -> Split:
    """Returns a split as it is used.

    Args:
        offered: the split of each image of the store before images were left out.
        assigned: the same after that, None for those.
        has_copy: bool (all images of the store,).
    """
    rows = np.flatnonzero(offered == name)
    members = store.table.iloc[rows]
    whole = Split(
        name=name,
        labels=members["label"].to_numpy(dtype=np.int64),
        image_ids=members["image"].to_numpy(dtype=object),
        has_copy=has_copy[rows],
        pixel_hashes=members["pixel_hash"].to_numpy(dtype=object),
        images=store.images,
        rows=rows,
    )
    is_used = (assigned.iloc[rows] == name).to_numpy()
    return whole if is_used.all() else whole.take(np.flatnonzero(is_used))


def compute_dataset_fingerprint(store: Store, splits: pd.Series) -> str:
    """Returns a hash in hex of pixels, labels, splits and class names."""
    content = hashlib.blake2b(repr((store.class_names, store.images.shape[1:])).encode(), digest_size=HASH_BYTES)
    rows = zip(splits, store.table["label"], store.table["pixel_hash"], strict=True)
    content.update("\n".join(f"{split} {label} {pixel_hash}" for split, label, pixel_hash in rows).encode())
    return content.hexdigest()


def check_bad_fraction(packed: PackedSource, config: DataConfig, cache_dir: Path) -> None:
    """Raises DataError where more of the images are bad than the configuration allows."""
    num_images = len(packed.store.table) + len(packed.rejected)
    if len(packed.rejected) > config.max_bad_fraction * num_images:
        rejected = list(packed.rejected.itertuples(index=False, name=None))
        raise DataError(
            f"{config.name}: {describe_bad(num_images, rejected)}\nThat is more than "
            f"data.max_bad_fraction={config.max_bad_fraction:g}. "
            f"{write_rejected(packed.rejected, config, cache_dir)}Repair or remove these files, or raise the fraction."
        )


def write_rejected(rejected: pd.DataFrame, config: DataConfig, cache_dir: Path) -> str:
    """Writes all rejected images into a table and returns where it is; "" where the cache may only be read."""
    report = cache_dir / f"rejected_images_of_{config.name.replace('/', '_')}.csv"
    try:
        rejected.to_csv(report, index=False)
    except OSError:
        return ""
    return f"All of them, with their reasons: {report}. "


def check_no_class_empty(dataset: Dataset) -> None:
    """Raises DataError where a class has no images in one of the splits."""
    empty = [
        describe_empty_class(split, label, class_name)
        for split in dataset.splits().values()
        for label, class_name in enumerate(dataset.class_names)
        if not (split.labels == label).any()
    ]
    if empty:
        raise DataError(
            f"{dataset.name}: expected images of every class in train, val and test. There are none of: "
            f"{', '.join(empty)}; {len(dataset.rejected)} images were rejected. Add images (three or more with "
            "different pixels a class where the splits are made here), or leave the class out with data.classes=[...]."
        )


def describe_empty_class(split: Split, label: int, class_name: str) -> str:
    """Returns which class has no images in which split, and whether it had some before they were left out."""
    num_left_out = 0 if split.whole is None else int((split.whole.labels == label).sum())
    # data.train_fraction keeps one image or more of each class.
    reason = f" (data.dedup leaves out all {num_left_out:,}; data.dedup=none keeps them)" if num_left_out else ""
    return f"{class_name} in {split.name}{reason}"
