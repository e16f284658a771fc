"""Source "csv": a table with a label and either the path or the grey values of each image."""

import contextlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from emotion_tl.config import DataConfig
from emotion_tl.data.decoding import RejectedImageError, decode_grey_values, decode_image, open_file
from emotion_tl.data.sources.layout import check_spelling
from emotion_tl.data.sources.listing import Listing, Reader, make_table
from emotion_tl.data.sources.split_names import SPLIT_NAMES, parse_split_name
from emotion_tl.data.sources.trees import require_path
from emotion_tl.errors import DataError

EXPECTED = "a table (.csv, or .tsv with tabs) of images"

# Names that a column has when the configuration does not name it, lower case; the first that is there is taken.
DEFAULT_COLUMNS = {
    "path_column": (
        "path",
        "image_path",
        "filepath",
        "file_path",
        "filename",
        "file_name",
        "file",
        "image",
        "image_id",
    ),
    "pixels_column": ("pixels",),
    "label_column": ("label", "emotion", "class", "class_name", "expression", "target"),
    "split_column": ("split", "usage", "set", "subset"),
}

NO_FILES = "The images stand as grey values in a table, without files of their own."

# What tables have between their columns; Excel writes semicolons where numbers have decimal commas.
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}

# Grey values take about four bytes a pixel as text; so many rows at a time keep the memory small.
ROWS_A_READ = 1000


@dataclass(frozen=True)
class Columns:
    """The columns of a table as they are spelled in it; None where there is none."""

    path: str | None
    pixels: str | None
    label: str
    split: str | None


def describe_state(config: DataConfig) -> Iterator[str]:
    """Yields what tells whether the images changed: sizes and times of change of the table and of the images."""
    path = require_path(config.path, EXPECTED)
    columns = find_columns(config, path)
    yield describe_file(path.resolve())
    if columns.path:
        for name in to_posix(read_columns(path, [columns.path])[columns.path]):
            yield describe_file(path.parent / name)


def describe_file(path: Path) -> str:
    """Returns path, size and time of change of a file in one line."""
    status = find_status(path)
    return f"{path} missing" if status is None else f"{path} {status.st_size} {status.st_mtime_ns}"


def find_status(path: Path) -> os.stat_result | None:
    """Returns the status of a file; None where none is to be seen, or the text can be no path, as grey values."""
    try:
        return path.stat()
    except (OSError, ValueError):
        return None


def to_posix(names: Iterable[str]) -> list[str]:
    """Returns paths with slashes, also where Windows wrote them."""
    return [name.replace("\\", "/") for name in names]


@contextmanager
def open_listing(config: DataConfig) -> Iterator[Listing]:
    """Lists the images of a table; relative paths start at the folder of the table.

    Raises:
        DataError: where the table is not there, cannot be read or lacks a column, a row has no label or an unknown
            split, or two labels differ in upper and lower case alone.
    """
    path = require_path(config.path, EXPECTED)
    columns = find_columns(config, path)
    table = read_columns(path, [name for name in (columns.path, columns.label, columns.split) if name])
    labels = table[columns.label].str.normalize("NFC")
    if (labels == "").any():
        raise DataError(f"{path}: row {first_row(labels == '')} has no label in column {columns.label!r}.")
    check_spelling(set(labels), str(path))
    splits: list[str | None] = parse_splits(path, table[columns.split]) if columns.split else [None] * len(table)
    if columns.path:
        images = to_posix(table[columns.path])
        readers: Iterator[Reader] = (partial(read_path, path.parent / name, config) for name in images)
        files: Iterator[Callable[[], BinaryIO]] | None = (partial(open_file, path.parent / name) for name in images)
    else:
        images = [f"{path.name}/{row:06d}" for row in range(len(table))]
        readers, files = read_pixels(path, str(columns.pixels), config), None
    yield Listing(make_table(images, list(labels), splits), sort_labels(set(labels)), readers, files, NO_FILES)


def find_columns(config: DataConfig, path: Path) -> Columns:
    """Finds the columns that the configuration names, or those with a usual name.

    Raises:
        DataError: lists the columns of the table where one is missing.
    """
    found = read_header(path)
    split = find_column(config, "split_column", found, path)
    label = find_column(config, "label_column", found, path)
    pixels = None if config.path_column else find_column(config, "pixels_column", found, path)
    # A table of grey values often numbers or names its rows, so a path column counts only where there are none.
    image_path = None if pixels else find_column(config, "path_column", found, path)
    if label is None or (image_path is None and pixels is None):
        missing = "label_column" if label is None else "path_column or data.pixels_column"
        raise DataError(
            f"{path}: expected columns with the label and with the path or the grey values of each image. Found: "
            f"{', '.join(found)}. Name the right one with data.{missing}=..."
        )
    return Columns(image_path, pixels, label, split)


def find_column(config: DataConfig, key: str, found: list[str], path: Path) -> str | None:
    """Returns the column that a setting names, or the first with a usual name; None where there is none.

    Spaces around a name, and upper and lower case, do not matter.

    Raises:
        DataError: where the setting names a column that is not there.
    """
    spellings = {name.strip().casefold(): name for name in reversed(found)}
    named = getattr(config, key)
    if named is None:
        return next((spellings[name] for name in DEFAULT_COLUMNS[key] if name in spellings), None)
    if named.strip().casefold() not in spellings:
        raise DataError(f"{path}: expected a column data.{key}={named!r}. Found: {', '.join(found)}.")
    return spellings[named.strip().casefold()]


def read_header(path: Path) -> list[str]:
    """Returns the names of the columns of a table.

    Raises:
        DataError: where it is no table, or one with other separators.
    """
    separator = separator_of(path)
    with telling_errors(path):
        found = [str(name) for name in pd.read_csv(path, sep=separator, nrows=0).columns]
    others = [other for other in SEPARATORS if other != separator and other in found[0]]
    if len(found) == 1 and others:
        raise DataError(
            f"{path}: expected {SEPARATORS[separator]} between the columns of a {path.suffix or 'table'}. Received: "
            f"{SEPARATORS[others[0]]}, in {found[0]!r}. Save the table with {SEPARATORS[separator]}."
        )
    return found


def read_columns(path: Path, columns: list[str]) -> pd.DataFrame:
    """Reads some columns of a table as text without spaces around it; empty cells are ""."""
    with telling_errors(path):
        table = pd.read_csv(path, usecols=columns, **options_of(path))
    return table.apply(lambda column: column.str.strip())


def read_pixels(path: Path, column: str, config: DataConfig) -> Iterator[Reader]:
    """Yields a reader for each row, holding few rows of the column in memory."""
    chunks = pd.read_csv(path, usecols=[column], chunksize=ROWS_A_READ, **options_of(path))
    with telling_errors(path), chunks:
        for chunk in chunks:
            yield from (partial(decode_grey_values, text, config) for text in chunk[column])


def read_path(path: Path, config: DataConfig) -> np.ndarray:
    """Decodes the image of a row, as `decode_image` does."""
    status = find_status(path)
    if status is None or not stat.S_ISREG(status.st_mode):
        raise RejectedImageError(f"{path} is not there")
    return decode_image(partial(open_file, path), config)


@contextmanager
def telling_errors(path: Path) -> Iterator[None]:
    """Turns what pandas raises on a file that is no table into a DataError."""
    try:
        yield
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise DataError(f"{path}: expected {EXPECTED}. Received: {error}.") from error


def options_of(path: Path) -> dict[str, Any]:
    """Returns how pandas is to read the rows: as text, and where they end in a separator without a column of names."""
    return {"sep": separator_of(path), "index_col": False, "dtype": str, "keep_default_na": False}


def separator_of(path: Path) -> str:
    """Returns what stands between the cells of a row."""
    return "\t" if path.suffix.lower() == ".tsv" else ","


def parse_splits(path: Path, names: pd.Series) -> list[str | None]:
    """Returns "train", "val" or "test" for each row.

    Raises:
        DataError: where a row names another split.
    """
    parsed = {name: parse_split_name(name) for name in names.unique()}
    unknown = [repr(name) for name, split in parsed.items() if split is None]
    if unknown:
        raise DataError(
            f"{path}: expected splits named {', '.join(SPLIT_NAMES)} in column {names.name!r}. Received: "
            f"{', '.join(unknown[:5])}. Correct them, or name another column with data.split_column."
        )
    return [parsed[name] for name in names]


def sort_labels(labels: set[str]) -> tuple[str, ...]:
    """Returns labels as class names: by value where all are whole numbers, alphabetically otherwise."""
    with contextlib.suppress(ValueError):
        return tuple(sorted(labels, key=int))
    return tuple(sorted(labels))


def first_row(is_wrong: pd.Series) -> int:
    """Returns the number of the first wrong row, the header being row 1."""
    return int(is_wrong.to_numpy().argmax()) + 2
