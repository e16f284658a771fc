"""All images of a data set in one table, whichever split they stand in, gone through once."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from emotion_tl.audit.kept_parts import KeptParts
from emotion_tl.data.dataset import Dataset
from emotion_tl.data.selection import find_constant

# Gone through at once: 64 MB as floating point numbers, whatever the size of the images.
PIXELS_AT_ONCE = 2**23


@dataclass(frozen=True, eq=False)
class AuditedImages:
    """The images of train, val and test, numbered through in this order.

    Attributes:
        dataset: they are of.
        table: one row an image, numbered from 0; columns image (str), split (str), label (int64, position in the class
            names), class_name (str), pixel_hash (str, equal for equal pixels), has_copy (bool, as in `Split`),
            is_constant (bool, of equal pixels), brightness and contrast (float64, mean and standard deviation of the
            pixels, 0..255).
    """

    dataset: Dataset
    table: pd.DataFrame

    def __len__(self) -> int:
        """Returns the number of images."""
        return len(self.table)

    @cached_property
    def starts(self) -> dict[str, int]:
        """Returns the number of the first image of each split."""
        sizes = [len(split) for split in self.dataset.splits().values()]
        return dict(zip(self.dataset.splits(), np.cumsum([0, *sizes[:-1]]).tolist(), strict=True))

    def read(self, numbers: npt.ArrayLike) -> np.ndarray:
        """Returns images, uint8 (n, height, width, channels), in the order of their numbers."""
        wanted = np.asarray(numbers, dtype=np.int64)
        images = np.empty((len(wanted), *self.dataset.image_shape), dtype=np.uint8)
        for name, split in self.dataset.splits().items():
            positions = wanted - self.starts[name]
            is_member = (positions >= 0) & (positions < len(split))
            images[is_member] = split.read(positions[is_member])
        return images

    def batches(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yields all images part by part: their numbers, and uint8 (n, height, width, channels)."""
        for start in range(0, len(self), images_at_once(self.dataset)):
            numbers = np.arange(start, min(start + images_at_once(self.dataset), len(self)))
            yield numbers, self.read(numbers)


def look_at_images(dataset: Dataset, kept: KeptParts | None = None) -> AuditedImages:
    """Notes of every image what the audit goes by.

    Args:
        kept: where it is kept what the pixels are like, so that every image is read once; None reads them now.

    Raises:
        CacheUnavailableError: where it cannot be kept.
    """
    splits = dataset.splits().values()
    pixels = kept.get_or_compute("pixels", {}, lambda: describe_all(dataset)) if kept else describe_all(dataset)
    labels = np.concatenate([split.labels for split in splits])
    known = pd.DataFrame(
        {
            "image": np.concatenate([split.image_ids for split in splits]),
            "split": np.repeat([split.name for split in splits], [len(split) for split in splits]),
            "label": labels,
            "class_name": np.array(dataset.class_names, dtype=object)[labels],
            "pixel_hash": np.concatenate([split.pixel_hashes for split in splits]),
            "has_copy": np.concatenate([split.has_copy for split in splits]),
        }
    )
    return AuditedImages(dataset, known.join(pixels))


def describe_all(dataset: Dataset) -> pd.DataFrame:
    """Reads every image of a data set and returns is_constant, brightness and contrast, in the order of the splits."""
    at_once = images_at_once(dataset)
    parts = [
        describe_images(split.read(slice(start, start + at_once)))
        for split in dataset.splits().values()
        for start in range(0, len(split), at_once)
    ]
    return pd.concat(parts, ignore_index=True)


def images_at_once(dataset: Dataset) -> int:
    """Returns how many images are gone through at once."""
    return max(1, PIXELS_AT_ONCE // math.prod(dataset.image_shape))


def describe_images(images: np.ndarray) -> pd.DataFrame:
    """Returns is_constant, brightness and contrast of images, uint8 (n, height, width, channels)."""
    # In float64, whole numbers of this size are exact, and so is what follows from them on every machine.
    pixels = images.reshape(len(images), -1).astype(np.float64)
    return pd.DataFrame(
        {
            "is_constant": find_constant(images),
            "brightness": pixels.mean(axis=1),
            "contrast": pixels.std(axis=1),
        }
    )
