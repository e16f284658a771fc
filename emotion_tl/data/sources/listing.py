"""The images a source offers, before any of them is decoded."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from emotion_tl.errors import DataError

Reader = Callable[[], np.ndarray]
"""Decodes one image: uint8 (image_size, image_size, channels). Raises RejectedImageError where it is not usable."""


@dataclass(frozen=True)
class Listing:
    """The images of a source in a fixed order.

    Attributes:
        table: one row an image; columns image (str: relative, posix style, the same on every machine), class_name
            (str), split ("train", "val", "test", or None where the source has no splits).
        class_names: all classes in their order, also those without an image.
        readers: one for each row, to be gone through once.
        files: for each row a function that opens the file of the image, to be gone through once; None where the source
            has no file for each image.
        note: why it has none, for a person.
    """

    table: pd.DataFrame
    class_names: tuple[str, ...]
    readers: Iterable[Reader]
    files: Iterable[Callable[[], BinaryIO]] | None = None
    note: str = "The source has no file for each image."


def make_table(images: list[str], class_names: list[str], splits: list[str | None]) -> pd.DataFrame:
    """Returns the table of a `Listing`.

    Raises:
        DataError: where an image is listed twice.
    """
    table = pd.DataFrame({"image": images, "class_name": class_names, "split": pd.Series(splits, dtype=object)})
    repeated = table["image"][table["image"].duplicated()]
    if len(repeated):
        raise DataError(
            f"Expected each image once. Received: {len(repeated)} repeated rows, the first is {repeated.iloc[0]}. "
            "Remove the repeated rows from the table."
        )
    return table


def choose_classes(listing: Listing, classes: list[str] | None) -> Listing:
    """Returns the images of the chosen classes, the classes in the chosen order; None keeps all.

    Upper and lower case do not matter: "happy" finds a folder "Happy", and is what the class is called from then on.

    Raises:
        DataError: where a chosen class is not in the source; the message lists those that are.
    """
    if classes is None:
        return listing
    chosen = {name.casefold(): name for name in classes}
    found = {name.casefold() for name in listing.class_names}
    missing = [name for name in classes if name.casefold() not in found]
    if missing:
        raise DataError(
            f"data.classes: expected some of {', '.join(listing.class_names)}. Received: {', '.join(missing)}, of "
            "which the data set has no images."
        )
    new_names: list[Any] = [chosen.get(name.casefold()) for name in listing.table["class_name"]]
    is_kept = [name is not None for name in new_names]
    table = listing.table.assign(class_name=new_names)[is_kept].reset_index(drop=True)
    files = None if listing.files is None else itertools.compress(listing.files, is_kept)
    readers = itertools.compress(listing.readers, is_kept)
    return replace(listing, table=table, class_names=tuple(classes), readers=readers, files=files)
