"""The readers of data sets, and the check of their settings.

Importing this module loads no reader, so that a mistake in the configuration is told at once.
"""

import importlib
import re
from collections.abc import Iterator
from types import ModuleType

from emotion_tl.config import DEDUP_CHOICES, DataConfig
from emotion_tl.errors import ConfigurationError

SOURCES: dict[str, str] = {
    "fer2013": "emotion_tl.data.sources.fer2013",
    "image_folder": "emotion_tl.data.sources.image_folder",
    "csv": "emotion_tl.data.sources.table",
    "synthetic_faces": "emotion_tl.data.sources.synthetic_faces",
}
"""Module of each source. It has two functions of a `DataConfig`:

    describe_state(config) -> Iterator[str]                   what tells, without decoding, whether the source changed
    open_listing(config) -> AbstractContextManager[Listing]   the images it offers
"""

COLOR_MODES = ("grayscale", "rgb")
MIN_IMAGE_SIZE = 8
# Far above what any backbone takes; a packed store grows with its square.
MAX_IMAGE_SIZE = 1024
# Pillow itself refuses what is larger, whatever the setting says (2 * Image.MAX_IMAGE_PIXELS).
MAX_IMAGE_PIXELS = 178_956_970

Rule = tuple[str, bool, str]


def load_source(name: str) -> ModuleType:
    """Imports and returns the module that reads a source, one of `SOURCES`."""
    return importlib.import_module(SOURCES[name])


def check_data_config(config: DataConfig) -> None:
    """Checks every setting that can be judged without touching the data.

    Raises:
        ConfigurationError: names the key, what was expected and what came.
    """
    for key, is_valid, expected in [*general_rules(config), *source_rules(config)]:
        if not is_valid:
            raise ConfigurationError(f"data.{key}: expected {expected}. Received: {getattr(config, key)!r}.")


def general_rules(config: DataConfig) -> Iterator[Rule]:
    """Yields (key, whether it is valid, what is expected) for the settings of all sources."""
    yield "source", config.source in SOURCES, f"one of {', '.join(SOURCES)}"
    yield "name", config.name not in ("", "???"), "what the data set is called in runs and reports"
    yield "color_mode", config.color_mode in COLOR_MODES, f"one of {', '.join(COLOR_MODES)}"
    sizes = f"at least {MIN_IMAGE_SIZE} pixels and at most {MAX_IMAGE_SIZE}"
    yield "image_size", MIN_IMAGE_SIZE <= config.image_size <= MAX_IMAGE_SIZE, sizes
    yield "val_fraction", 0 < config.val_fraction < 1, "a fraction between 0 and 1, both excluded"
    yield "test_fraction", 0 < config.test_fraction < 1, "a fraction between 0 and 1, both excluded"
    pattern = config.person_pattern
    one_group = r"null, or a regular expression with one group in parentheses, as in '([^/]+)_\d+\.\w+$'"
    yield "person_pattern", pattern is None or is_person_pattern(pattern), one_group
    yield "split_seed", 0 <= config.split_seed < 2**32, "a whole number from 0 to 4294967295"
    yield "dedup", config.dedup in DEDUP_CHOICES, f"one of {', '.join(DEDUP_CHOICES)}"
    yield "train_fraction", 0 < config.train_fraction <= 1, "a fraction above 0 and at most 1"
    yield "drawing_seed", config.drawing_seed >= 0, "a whole number from 0 on"
    yield "max_bad_fraction", 0 <= config.max_bad_fraction < 1, "a fraction from 0 to less than 1"
    yield "max_image_pixels", 0 < config.max_image_pixels <= MAX_IMAGE_PIXELS, f"1 to {MAX_IMAGE_PIXELS} pixels"
    classes = config.classes
    yield "classes", classes is None or is_class_list(classes), "two or more different class names, or null for all"


def is_person_pattern(pattern: str) -> bool:
    """Returns whether a text is a regular expression with one group."""
    try:
        return re.compile(pattern).groups == 1
    except re.error:
        return False


def is_class_list(classes: list[str]) -> bool:
    """Returns whether these are two or more names that differ in more than upper and lower case."""
    return len(classes) >= 2 and len({name.casefold() for name in classes}) == len(classes)


def source_rules(config: DataConfig) -> Iterator[Rule]:
    """Yields (key, whether it is valid, what is expected) for the settings that one source alone has."""
    if config.source in ("image_folder", "csv"):
        kinds = {"image_folder": "the folder or zip archive with the images", "csv": "the table"}
        yield "path", bool(config.path), f"{kinds[config.source]}, as in data.path=/path/to/data"
    if config.source == "csv":
        one_given = config.path_column is None or config.pixels_column is None
        yield (
            "pixels_column",
            one_given,
            f"null beside data.path_column={config.path_column}",
        )
    if config.source == "synthetic_faces":
        yield "num_images", config.num_images > 0, "the number of faces to draw, at least 1"
