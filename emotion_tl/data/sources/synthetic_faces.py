"""Source "synthetic_faces": faces drawn by the program, for tests and for a first run without any download."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from emotion_tl.config import DataConfig
from emotion_tl.data import drawing
from emotion_tl.data.decoding import fit_square
from emotion_tl.data.sources.listing import Listing, make_table

# Images of each class in a round of 28: as unequal as collected data, happy the most and disgust the fewest. Classes
# that are not named get `DEFAULT_COUNT`.
COUNTS = {"angry": 4, "disgust": 2, "fear": 4, "happy": 6, "neutral": 5, "sad": 4, "surprise": 3}
DEFAULT_COUNT = 4

NO_FILES = "The images are drawn by the program at the size they are stored in."


def describe_state(config: DataConfig) -> Iterator[str]:
    """Yields what tells whether the images changed: their number, the seed and the modules that draw them."""
    yield f"{config.num_images} {config.drawing_seed}"
    for path in sorted(Path(drawing.__file__).parent.glob("drawing*.py")):
        yield hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def open_listing(config: DataConfig) -> Iterator[Listing]:
    """Lists `num_images` faces, without splits. More of them leave the earlier ones as they are."""
    wanted = {name.casefold() for name in config.classes or drawing.EXPRESSIONS}
    expressions = [name for name in drawing.EXPRESSIONS if name.casefold() in wanted]
    one_round = spread_evenly(expressions)
    class_names = [one_round[index % len(one_round)] for index in range(config.num_images)] if one_round else []
    images = [f"{class_name}/{index:06d}" for index, class_name in enumerate(class_names)]
    readers = (partial(draw, class_name, index, config) for index, class_name in enumerate(class_names))
    table = make_table(images, class_names, [None] * len(images))
    yield Listing(table, tuple(drawing.EXPRESSIONS), readers, note=NO_FILES)


def spread_evenly(class_names: list[str]) -> list[str]:
    """Returns each class as often as `COUNTS` says, each spread over the whole list."""
    places = []
    for class_name in class_names:
        count = COUNTS.get(class_name, DEFAULT_COUNT)
        places += [((position + 0.5) / count, class_name) for position in range(count)]
    return [class_name for _, class_name in sorted(places)]


def draw(class_name: str, index: int, config: DataConfig) -> np.ndarray:
    """Returns one face, uint8 (image_size, image_size, channels); the same for the same seed and index."""
    generator = np.random.default_rng([config.drawing_seed, index])
    face = drawing.draw_face(class_name, generator, config.image_size)
    if config.color_mode == "grayscale":
        face = rgb_to_grey(face)
    return fit_square(face, config.image_size)


def rgb_to_grey(image: np.ndarray) -> np.ndarray:
    """Returns the ITU-R 601 luma of a uint8 RGB image (height, width, 3) as uint8 (height, width)."""
    return np.rint(image @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
