"""What a network is fed from a split: its images, or activations that stand for them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from emotion_tl.data.dataset import Split

# Read at once where all of them are gone through.
ROWS_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class Rows:
    """The inputs of a network for the images of a split.

    Attributes:
        labels: int64 (n,), of the images.
        num_views: forms in which each image is there.
        num_bytes: of all inputs together.
        read: returns the inputs for some row numbers, int (m,); image i in view v is row v * n + i.
    """

    labels: np.ndarray
    num_views: int
    num_bytes: int
    read: Callable[[np.ndarray], np.ndarray]

    def __len__(self) -> int:
        """Returns the number of images."""
        return len(self.labels)

    def class_counts(self, num_classes: int) -> np.ndarray:
        """Returns the number of images of each class: int64 (num_classes,)."""
        return np.bincount(self.labels, minlength=num_classes).astype(np.int64)

    def read_into(self, table: np.ndarray) -> None:
        """Reads the inputs of all images in all views into an array of as many rows, part by part."""
        for start in range(0, len(table), ROWS_AT_ONCE):
            stop = min(start + ROWS_AT_ONCE, len(table))
            table[start:stop] = self.read(np.arange(start, stop))


def image_rows(split: Split) -> Rows:
    """Returns the images themselves, uint8 (m, height, width, channels) when read."""
    num_bytes = len(split) * int(np.prod(split.images.shape[1:]))
    return Rows(split.labels, 1, num_bytes, split.read)


def activation_rows(labels: np.ndarray, views: list[np.ndarray]) -> Rows:
    """Returns the activations that stand for the images.

    Args:
        labels: int64 (n,).
        views: for each view the activations (n, ...), of one shape and dtype.
    """
    return Rows(labels, len(views), sum(view.nbytes for view in views), partial(read_from_views, views))


def read_from_views(views: list[np.ndarray], rows: np.ndarray) -> np.ndarray:
    """Reads rows that are numbered over the views, one after the other, into memory."""
    if len(views) == 1:
        return np.asarray(views[0][rows])
    numbers, positions = np.divmod(rows, len(views[0]))
    inputs = np.empty((len(rows), *views[0].shape[1:]), views[0].dtype)
    for number, view in enumerate(views):
        inputs[numbers == number] = view[positions[numbers == number]]
    return inputs
