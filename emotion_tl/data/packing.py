"""Finds the packed store of a source, or packs it: every image is decoded once and written into one file."""

import hashlib
import itertools
import json
import logging
import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from emotion_tl.config import DataConfig
from emotion_tl.data.decoding import RejectedImageError, UnreadImageError
from emotion_tl.data.progress import track
from emotion_tl.data.sources import load_source
from emotion_tl.data.sources.listing import Listing, Reader, choose_classes
from emotion_tl.data.store import (
    HASH_BYTES,
    IMAGES_FILE,
    STORE_FORMAT,
    DamagedStoreError,
    ImageFileWriter,
    Store,
    building_folder,
    hash_pixels,
    open_store,
    publish,
    write_tables,
)
from emotion_tl.errors import DataError
from emotion_tl.files import replace_file
from emotion_tl.locks import acquire

logger = logging.getLogger(__name__)

# Settings that change neither which images are stored nor their pixels; all others are part of the source key.
KEPT_OUT_OF_KEY = (
    "name",
    "val_fraction",
    "test_fraction",
    "person_pattern",
    "split_seed",
    "dedup",
    "train_fraction",
    "max_bad_fraction",
    "path",
)

# Threads pay for large images, whose decoders run beside each other. Small ones spend their time in the interpreter,
# where only one thread runs at a time: FER-2013 takes 3.7 s with one thread and 5.6 s with two.
NUM_TIMED_IMAGES = 64
THREADED_ABOVE_SECONDS = 2e-3
MAX_THREADS = 8
# Bounds what is held in memory and how long Ctrl-C waits.
BATCH_SIZE = 64

REJECTED_COLUMNS = ["image", "reason"]
Rejection = tuple[str, str]


@dataclass(frozen=True, eq=False)
class PackedSource:
    """A source after packing.

    Attributes:
        store: the images that could be read.
        rejected: the others; columns image, reason.
    """

    store: Store
    rejected: pd.DataFrame


def load_packed(config: DataConfig, cache_dir: Path) -> PackedSource:
    """Opens the store of a source; packs it first where there is none yet, or a damaged one.

    Raises:
        DataError: where the source cannot be read or the store cannot be written.
    """
    entry = cache_dir / "sources" / f"{compute_source_key(config)}.json"
    stores = cache_dir / "stores"
    try:
        return open_or_pack(config, entry, stores)
    except OSError as error:
        raise DataError(
            f"The images could not be packed into {cache_dir}: {error}. Make room there, or choose another folder with "
            "cache_dir=/path/to/folder."
        ) from error


def open_or_pack(config: DataConfig, entry: Path, stores: Path) -> PackedSource:
    """Opens the store that an entry names; packs it first where there is no entry or a damaged store."""
    try:
        return open_packed(entry, stores)
    except FileNotFoundError:
        logger.debug("%s was not packed before.", config.name)
    except DamagedStoreError as error:
        logger.warning("The packed images are damaged and are packed again. %s", error)
    with acquire(stores.parent / "locks" / f"{entry.stem}.lock", tell_of_wait):
        try:
            # Another process may have been at it in the meantime.
            return open_packed(entry, stores)
        except (FileNotFoundError, DamagedStoreError):
            pack(config, entry, stores)
    return open_packed(entry, stores)


def tell_of_wait() -> None:
    """Says what is waited for."""
    logger.info("data     another process is packing these images, waiting for it")


def compute_source_key(config: DataConfig) -> str:
    """Returns a hash in hex of everything that decides which pixels are stored, found without decoding any."""
    settings = {key: value for key, value in asdict(config).items() if key not in KEPT_OUT_OF_KEY}
    key = hashlib.blake2b(json.dumps([STORE_FORMAT, settings], sort_keys=True).encode(), digest_size=HASH_BYTES)
    with source_errors_told(config):
        for line in load_source(config.source).describe_state(config):
            key.update(line.encode("utf-8", "surrogateescape") + b"\n")
    return key.hexdigest()


@contextmanager
def source_errors_told(config: DataConfig) -> Iterator[None]:
    """Turns what the file system raises on a source inside the block into a DataError, unlike that of the cache."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{config.name}: the images cannot be listed: {error}. Look whether they are still there and may be read, "
            "and give the command again."
        ) from error


def open_packed(entry: Path, stores: Path) -> PackedSource:
    """Opens the store that an entry names.

    Raises:
        FileNotFoundError: where there is no entry.
        DamagedStoreError: where the entry or its store is damaged.
    """
    text = entry.read_text(encoding="utf-8")
    try:
        packed = json.loads(text)
        fingerprint, rejected = str(packed["store"]), pd.DataFrame(packed["rejected"], columns=REJECTED_COLUMNS)
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedStoreError(f"{entry}: {error}") from error
    return PackedSource(open_store(stores / fingerprint), rejected)


def pack(config: DataConfig, entry: Path, stores: Path) -> None:
    """Decodes all images of a source into a store, puts the store in its place and writes the entry that names it."""
    with ExitStack() as opened:
        with source_errors_told(config):
            all_images = opened.enter_context(load_source(config.source).open_listing(config))
        listing = choose_classes(all_images, config.classes)
        folder = opened.enter_context(building_folder(stores))
        hashes, rejected = write_images(folder / IMAGES_FILE, listing, config)
        table = make_store_table(listing, hashes)
        if table.empty:
            raise DataError(f"{config.name}, {config.path}: expected images. {describe_bad(len(hashes), rejected)}")
        fingerprint = write_tables(folder, table, listing.class_names, stored_shape(config))
        publish(folder, stores / fingerprint)
    entry.parent.mkdir(parents=True, exist_ok=True)
    named = json.dumps({"store": fingerprint, "rejected": rejected})
    replace_file(entry, lambda partial: partial.write_text(named, encoding="utf-8"))


def stored_shape(config: DataConfig) -> tuple[int, int, int]:
    """Returns (height, width, channels) of the stored images."""
    return config.image_size, config.image_size, 1 if config.color_mode == "grayscale" else 3


def write_images(path: Path, listing: Listing, config: DataConfig) -> tuple[list[str | None], list[Rejection]]:
    """Writes the images that can be decoded, one after the other.

    Returns:
        The pixel hash of each image listed, None where it was rejected; and name and reason of the rejected ones.

    Raises:
        DataError: where an image could not be read this time; packed without it, it would be missing for good.
    """
    hashes: list[str | None] = []
    rejected: list[Rejection] = []
    decoded = track(decode_all(listing.readers), len(listing.table), f"Packing {config.name}")
    with ImageFileWriter(path, stored_shape(config)) as writer:
        for name, image in zip(listing.table["image"], decoded, strict=True):
            if isinstance(image, UnreadImageError):
                raise DataError(
                    f"{config.name}: {name} could not be read: {image}. Nothing was packed. Make it readable or remove "
                    "it, and give the command again."
                )
            if isinstance(image, RejectedImageError):
                hashes.append(None)
                rejected.append((name, str(image)))
            else:
                hashes.append(hash_pixels(image))
                writer.append(image)
    return hashes, rejected


def decode_all(readers: Iterable[Reader]) -> Iterator[np.ndarray | RejectedImageError]:
    """Yields the images of the readers in their order; by several threads where the first ones took long."""
    remaining = iter(readers)
    start = time.perf_counter()
    yield from [decode_one(reader) for reader in itertools.islice(remaining, NUM_TIMED_IMAGES)]
    if time.perf_counter() - start < THREADED_ABOVE_SECONDS * NUM_TIMED_IMAGES:
        yield from map(decode_one, remaining)
        return
    with ThreadPoolExecutor(min(MAX_THREADS, os.cpu_count() or 1)) as pool:
        while batch := list(itertools.islice(remaining, BATCH_SIZE)):
            yield from pool.map(decode_one, batch)


def decode_one(reader: Reader) -> np.ndarray | RejectedImageError:
    """Returns the image of a reader, or why there is none."""
    try:
        return reader()
    except RejectedImageError as error:
        return error


def make_store_table(listing: Listing, hashes: list[str | None]) -> pd.DataFrame:
    """Returns the table of a `Store` for the images that have a hash."""
    label_of_class = {name: label for label, name in enumerate(listing.class_names)}
    labels = listing.table["class_name"].map(label_of_class).astype(np.int64)
    table = listing.table.assign(label=labels, pixel_hash=pd.Series(hashes, dtype=object)).dropna(subset="pixel_hash")
    return table[["image", "label", "split", "pixel_hash"]].reset_index(drop=True)


def describe_bad(num_images: int, rejected: list[Rejection]) -> str:
    """Returns the message that names the first rejected images and their reasons."""
    if not num_images:
        return "There are none."
    first = "".join(f"\n  {image}: {reason}" for image, reason in rejected[:5])
    more = f"\n  ... and {len(rejected) - 5} more" if len(rejected) > 5 else ""
    return f"{len(rejected)} of {num_images} images cannot be used:{first}{more}"
