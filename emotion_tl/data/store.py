"""The packed image store: every image decoded once, in one memory-mapped file, in a folder named by its content.

<stores>/<fingerprint>/images.npy       uint8 (num_images, height, width, channels)
                       table.parquet    image, label, split, pixel_hash of each image
                       meta.json        format, class_names, image_shape
"""

import hashlib
import json
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import pandas as pd

# Part of every fingerprint and source key. To be raised when the same source would give other pixels or files.
STORE_FORMAT = 1

IMAGES_FILE = "images.npy"
TABLE_FILE = "table.parquet"
META_FILE = "meta.json"

HASH_BYTES = 16
BUILDING_PREFIX = ".building-"
ABANDONED_AFTER_SECONDS = 24 * 3600


class DamagedStoreError(Exception):
    """A store that is not what its name says. It is packed again, so that no user sees this."""


@dataclass(frozen=True, eq=False)
class Store:
    """An opened store.

    Attributes:
        images: uint8 (num_images, height, width, channels), memory-mapped for reading.
        table: one row an image; columns image (str), label (int64, position in class_names), split (str or None) and
            pixel_hash (str, equal for equal pixels).
        class_names: the classes in their order.
    """

    images: np.ndarray
    table: pd.DataFrame
    class_names: tuple[str, ...]


def hash_pixels(image: np.ndarray) -> str:
    """Returns a hash in hex of the pixels of one image."""
    return hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=HASH_BYTES).hexdigest()


def compute_fingerprint(table: pd.DataFrame, class_names: tuple[str, ...], image_shape: tuple[int, ...]) -> str:
    """Returns a hash in hex of all that a store holds: names, labels, splits and, through their hashes, pixels."""
    splits = table["split"].fillna("")
    rows = list(zip(table["image"], table["label"].tolist(), splits, table["pixel_hash"], strict=True))
    content = json.dumps([STORE_FORMAT, class_names, image_shape, rows])
    return hashlib.blake2b(content.encode(), digest_size=HASH_BYTES).hexdigest()


class ImageFileWriter:
    """Writes images one after the other into a .npy file, so that no more than one is held in memory.

    Attributes:
        num_images: images written so far.
    """

    def __init__(self, path: Path, image_shape: tuple[int, ...]) -> None:
        """Opens the file; the images to come have this shape."""
        self.num_images = 0
        self._image_shape = image_shape
        self._file = path.open("wb")
        self._write_header()

    def append(self, image: np.ndarray) -> None:
        """Writes one uint8 image."""
        assert image.shape == self._image_shape, f"expected an image of {self._image_shape}, received {image.shape}"
        assert image.dtype == np.uint8, f"expected uint8, received {image.dtype}"
        self._file.write(np.ascontiguousarray(image).data)
        self.num_images += 1

    def _write_header(self) -> None:
        # NumPy pads the header for a first axis of any length, so that it can be written again when that is known.
        shape = (self.num_images, *self._image_shape)
        self._file.seek(0)
        np.lib.format.write_array_header_1_0(self._file, {"descr": "|u1", "fortran_order": False, "shape": shape})

    def __enter__(self) -> "ImageFileWriter":
        """Returns the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Writes the header with the final number of images and closes the file."""
        with self._file:
            self._write_header()


def write_tables(folder: Path, table: pd.DataFrame, class_names: tuple[str, ...], image_shape: tuple[int, ...]) -> str:
    """Writes what stands beside the images in a store that is being built, and returns its fingerprint."""
    table.to_parquet(folder / TABLE_FILE, index=False)
    meta = {"format": STORE_FORMAT, "class_names": class_names, "image_shape": image_shape}
    (folder / META_FILE).write_text(json.dumps(meta, indent=2), encoding="utf-8")
    return compute_fingerprint(table, class_names, image_shape)


@contextmanager
def building_folder(stores: Path) -> Iterator[Path]:
    """Gives a folder to build a store in. What is left of it at the end, also after Ctrl-C, is removed."""
    stores.mkdir(parents=True, exist_ok=True)
    remove_abandoned(stores)
    # Not tempfile.mkdtemp, whose folder no other user of a shared cache could read.
    folder = stores / f"{BUILDING_PREFIX}{uuid.uuid4().hex}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned(stores: Path) -> None:
    """Removes what killed processes left half-built more than a day ago."""
    for folder in stores.glob(f"{BUILDING_PREFIX}*"):
        # Another process may have published it in the meantime.
        with suppress(FileNotFoundError):
            if time.time() - folder.stat().st_mtime > ABANDONED_AFTER_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def publish(building: Path, store: Path) -> None:
    """Moves a finished store to its place in one step.

    A store that another process put there meanwhile is kept when it is whole, and replaced when it is damaged.
    Processes that have the damaged one open keep what they have mapped.
    """
    try:
        building.rename(store)
    except OSError:
        if not store.is_dir():
            raise
        try:
            open_store(store)
        except DamagedStoreError:
            damaged = building.with_name(f"{building.name}-damaged")
            with suppress(FileNotFoundError):
                store.rename(damaged)
            shutil.rmtree(damaged, ignore_errors=True)
            publish(building, store)


def open_store(folder: Path) -> Store:
    """Opens a store and checks all of it: every pixel is read once and compared with the name of the folder.

    Raises:
        DamagedStoreError: where anything is missing or differs by a single bit.
    """
    try:
        meta = json.loads((folder / META_FILE).read_text(encoding="utf-8"))
        table = pd.read_parquet(folder / TABLE_FILE)
        images = np.load(folder / IMAGES_FILE, mmap_mode="r")
        class_names, image_shape = tuple(meta["class_names"]), tuple(meta["image_shape"])
        fingerprint = compute_fingerprint(table, class_names, image_shape)
    # Damaged bytes make the three parsers raise almost anything.
    except Exception as error:
        raise DamagedStoreError(f"{folder}: {error}") from error
    if fingerprint != folder.name or images.shape != (len(table), *image_shape) or images.dtype != np.uint8:
        raise DamagedStoreError(f"{folder}: the tables do not fit the name of the folder or the images.")
    if any(hash_pixels(image) != expected for image, expected in zip(images, table["pixel_hash"], strict=True)):
        raise DamagedStoreError(f"{folder}: the pixels are not those that were written.")
    return Store(images, table, class_names)
