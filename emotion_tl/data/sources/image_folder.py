"""Source "image_folder": images in class folders, or a zip archive of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from emotion_tl.config import DataConfig
from emotion_tl.data.decoding import decode_image
from emotion_tl.data.sources import trees
from emotion_tl.data.sources.layout import read_layout
from emotion_tl.data.sources.listing import Listing, make_table

EXPECTED = "a folder, or a zip archive, with images in <split>/<class>/ or <class>/"


def describe_state(config: DataConfig) -> Iterator[str]:
    """Yields what tells whether the images changed: path, sizes and times of change."""
    yield from trees.describe_state(trees.require_path(config.path, EXPECTED))


@contextmanager
def open_listing(config: DataConfig) -> Iterator[Listing]:
    """Lists the images of a folder or zip archive; the readers work for as long as the context lasts.

    Raises:
        DataError: where nothing is there, no class folders are found, or the archive is damaged or not to be trusted.
    """
    with list_classes(config, trees.require_path(config.path, EXPECTED)) as listing:
        yield listing


@contextmanager
def list_classes(config: DataConfig, path: Path) -> Iterator[Listing]:
    """Lists the class folders of `path`, which is a folder or an archive. See `open_listing`."""
    with trees.open_tree(path) as tree:
        layout = read_layout(tree, str(path), config.person_pattern is not None)
        table = make_table(
            [image.image_id for image in layout.images],
            [image.class_name for image in layout.images],
            [image.split for image in layout.images],
        )
        readers = (partial(read_file, tree, image.name, config) for image in layout.images)
        files = (partial(tree.open_file, image.name) for image in layout.images)
        yield Listing(table, layout.class_names, readers, files)


def read_file(tree: trees.FileTree, name: str, config: DataConfig) -> np.ndarray:
    """Decodes one file of a tree, as `decode_image` does."""
    return decode_image(partial(tree.open_file, name), config)
