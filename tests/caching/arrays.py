"""Small arrays for the cache, and a computation that remembers what it was asked for."""

from pathlib import Path

import numpy as np

from emotion_tl.caching.array_cache import ArrayCache
from emotion_tl.caching.recipe import ArrayRecipe

SHAPE = (3, 2)
NUM_ROWS = 10
ROWS_AT_ONCE = 4
# Of the three chunks.
STARTS = [0, 4, 8]


def make_recipe(name: str = "faces", **changes) -> ArrayRecipe:
    """Returns the recipe of a small array."""
    arguments = {"key_parts": {"data": name}, "shape": SHAPE, "num_rows": NUM_ROWS, **changes}
    return ArrayRecipe(**arguments)


def compute_rows(start: int, stop: int) -> np.ndarray:
    """Returns rows in float32, all different; float16 holds them exactly."""
    return np.arange(start * 6, stop * 6, dtype=np.float32).reshape(-1, *SHAPE) / 4


def expected_rows(num_rows: int = NUM_ROWS) -> np.ndarray:
    """Returns what the cache is to give back."""
    return compute_rows(0, num_rows).astype(np.float16)


class Computation:
    """Computes rows, notes the start of each chunk, and breaks off at one of them.

    Attributes:
        starts: of the chunks asked for.
    """

    def __init__(self, breaks_at: int | None = None, error: BaseException | None = None) -> None:
        self.starts: list[int] = []
        self._breaks_at = breaks_at
        self._error = error or RuntimeError("broken off")

    def __call__(self, start: int, stop: int) -> np.ndarray:
        self.starts.append(start)
        if start == self._breaks_at:
            raise self._error
        return compute_rows(start, stop)


def make_cache(folder: Path, size_limit: int = 2**30) -> ArrayCache:
    """Returns a cache as another process would open it: it knows nothing of entries opened before."""
    return ArrayCache(folder, size_limit)


def store(folder: Path, recipe: ArrayRecipe | None = None) -> Path:
    """Puts an entry into a cache, and returns the folder of the entry."""
    recipe = recipe or make_recipe()
    make_cache(folder).get_or_compute(recipe, compute_rows, ROWS_AT_ONCE)
    return folder / recipe.key


def flip_bit(path: Path, position: int) -> None:
    """Flips one bit of a file, counted from its start."""
    with path.open("r+b") as file:
        file.seek(position // 8)
        byte = file.read(1)[0]
        file.seek(position // 8)
        file.write(bytes([byte ^ 1 << position % 8]))
