"""Source "fer2013": FER-2013 in any of the forms it is passed around in.

- The folder of the Kaggle data set "msambare/fer2013", train/<class>/ and test/<class>/, or a zip archive of it. The
  names of its files start with the official split: Training_, PublicTest_ or PrivateTest_. Copies whose files were
  renamed have only train and test; val is then made from train, and test is PublicTest and PrivateTest together.
- The table of the competition, fer2013.csv or icml_face_data.csv, or a folder with one of them.

Reference: Goodfellow et al. 2013, "Challenges in Representation Learning: A report on three machine learning contests",
arXiv:1307.0414.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pandas as pd

from emotion_tl.config import DataConfig
from emotion_tl.data.sources import image_folder, table, trees
from emotion_tl.data.sources.listing import Listing
from emotion_tl.errors import DataError

logger = logging.getLogger(__name__)

# The version is part of the name, so that a copy fetched once is found again without a network.
KAGGLE_HANDLE = "msambare/fer2013/versions/1"

NUM_IMAGES = 35_887
TABLE_NAMES = ("fer2013.csv", "icml_face_data.csv")
TABLE_CLASSES = {"0": "angry", "1": "disgust", "2": "fear", "3": "happy", "4": "sad", "5": "surprise", "6": "neutral"}
USAGES = {"Training": "train", "PublicTest": "val", "PrivateTest": "test"}

THREE_WAYS = (
    "There are three ways to get it: (1) with a network, leave data.path=null and it is fetched from Kaggle, no "
    "account needed; (2) download https://www.kaggle.com/datasets/msambare/fer2013 elsewhere and give "
    "data.path=/path/to/the.zip or the folder extracted from it; (3) give data.path=/path/to/fer2013.csv or "
    "icml_face_data.csv, the table of the original competition."
)


def describe_state(config: DataConfig) -> Iterator[str]:
    """Yields what tells whether the images changed. For Kaggle's copy that is its version: once packed, it may go."""
    if config.path is None:
        yield KAGGLE_HANDLE
    else:
        yield from trees.describe_state(locate(config))


@contextmanager
def open_listing(config: DataConfig) -> Iterator[Listing]:
    """Lists FER-2013 with its official splits, the classes in alphabetical order in every form.

    Raises:
        DataError: where the data are not there, could not be fetched, or are in none of the known forms.
    """
    path = locate(config)
    opened = list_table(config, path) if path.suffix.lower() == ".csv" else image_folder.list_classes(config, path)
    with opened as listing:
        check_is_whole(listing, path)
        splits = [official_split(image) or split for image, split in listing.table[["image", "split"]].to_numpy()]
        yield replace(listing, table=listing.table.assign(split=pd.Series(splits, dtype=object)))


def check_is_whole(listing: Listing, path: Path) -> None:
    """Tells where a data set is not FER-2013 as it was published, with whose figures its own would be compared."""
    classes = tuple(sorted(TABLE_CLASSES.values()))
    if len(listing.table) != NUM_IMAGES or listing.class_names != classes:
        logger.warning(
            "%s: expected the %s images of FER-2013 in the classes %s. Received: %s images in %s. Results on it are "
            "none on FER-2013; another set of faces is given with data=image_folder.",
            path,
            f"{NUM_IMAGES:,}",
            ", ".join(classes),
            f"{len(listing.table):,}",
            ", ".join(listing.class_names),
        )


def locate(config: DataConfig) -> Path:
    """Returns the path of the data, fetched from Kaggle where `path` is None; of a folder with the table, the table."""
    path = fetch() if config.path is None else require_fer2013(config.path)
    tables = [path / name for name in TABLE_NAMES if (path / name).is_file()]
    return tables[0] if tables else path


def require_fer2013(text: str) -> Path:
    """Returns the absolute path that the user gave.

    Raises:
        DataError: where nothing is there.
    """
    try:
        return trees.require_path(text, "FER-2013 as a folder, a zip archive of it, fer2013.csv or icml_face_data.csv")
    except DataError as error:
        raise DataError(f"{error} {THREE_WAYS}") from error


def fetch() -> Path:
    """Returns the folder of Kaggle's copy; it is downloaded, with a progress bar, when it was not before.

    Raises:
        DataError: where it cannot be fetched; the message says the three ways to get the data.
    """
    # Imported here because it takes a moment, and only a first download needs it.
    import kagglehub

    try:
        return Path(kagglehub.dataset_download(KAGGLE_HANDLE))
    # Network, server, disk: kagglehub passes on the errors of several libraries.
    except Exception as error:
        raise DataError(f"FER-2013 could not be fetched from Kaggle ({error}). {THREE_WAYS}") from error


@contextmanager
def list_table(config: DataConfig, path: Path) -> Iterator[Listing]:
    """Lists fer2013.csv or icml_face_data.csv, whose columns are emotion, Usage and pixels in any order and spelling.

    Raises:
        DataError: where a column is missing or a label is none of 0..6.
    """
    as_table = replace(
        config, path=str(path), pixels_column="pixels", label_column="emotion", split_column="Usage", path_column=None
    )
    with table.open_listing(as_table) as listing:
        unknown = set(listing.class_names) - set(TABLE_CLASSES)
        if unknown:
            raise DataError(f"{path}: expected the emotions 0 to 6. Received: {', '.join(sorted(unknown))}.")
        class_names = listing.table["class_name"].map(TABLE_CLASSES)
        images = listing.table["split"] + "/" + class_names + "/" + listing.table.index.map("{:05d}".format)
        named = listing.table.assign(image=images, class_name=class_names)
        yield replace(listing, table=named, class_names=tuple(sorted(TABLE_CLASSES.values())))


def official_split(image: str) -> str | None:
    """Returns the split that the name of a file starts with; None where it names none."""
    return USAGES.get(PurePosixPath(image).name.split("_")[0])
