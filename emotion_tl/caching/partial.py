"""An entry while it is computed: rows are added chunk by chunk, and what a killed process wrote is used."""

import logging
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np

from emotion_tl.caching.entry import (
    Chunks,
    DamagedEntryError,
    compute_checksum,
    count_whole_chunks,
    create_array,
    map_array,
    read_chunks,
    write_chunks,
    write_rows,
)
from emotion_tl.caching.recipe import ArrayRecipe

logger = logging.getLogger(__name__)


class PartialEntry:
    """The unfinished entry of a recipe, in a folder of its own. Its user holds the lock of the recipe's key.

    Whenever the process dies, meta.json names whole chunks only: a chunk is recorded after it was written. Nothing is
    forced to the disk, for after a power failure the checksums tell what arrived there.

    Attributes:
        num_rows: rows that are there.
    """

    def __init__(self, folder: Path, recipe: ArrayRecipe, rows_at_once: int) -> None:
        """Goes on with the whole chunks in the folder, or starts an empty entry there."""
        self._folder = folder
        self._recipe = recipe
        self._rows_at_once = rows_at_once
        self._checksums = self._find_whole_chunks()
        if self._checksums:
            logger.info("Going on at row %d of %d in %s.", self.num_rows, recipe.num_rows, folder)
        else:
            self._start()

    @property
    def num_rows(self) -> int:
        """Returns how many rows are there."""
        return min(len(self._checksums) * self._rows_at_once, self._recipe.num_rows)

    def append(self, rows: np.ndarray) -> None:
        """Writes and records the next chunk, of the recipe's shape and dtype, in C order."""
        expected = (min(self._rows_at_once, self._recipe.num_rows - self.num_rows), *self._recipe.shape)
        assert rows.shape == expected, f"expected rows of shape {expected}, received {rows.shape}"
        write_rows(self._folder, self._recipe, self.num_rows, rows)
        self._checksums.append(compute_checksum(rows))
        self._record()

    def publish(self, entry: Path) -> None:
        """Moves the finished entry to its place in one step, so that nobody ever sees a part of it."""
        assert self.num_rows == self._recipe.num_rows, f"{self.num_rows} of {self._recipe.num_rows} rows are there."
        self._folder.rename(entry)

    def discard(self) -> None:
        """Removes the rows."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _find_whole_chunks(self) -> list[int]:
        """Returns the checksums of the chunks that another process left here and that are still as it wrote them."""
        try:
            chunks = read_chunks(self._folder, self._recipe)
            rows = map_array(self._folder, self._recipe)
        except DamagedEntryError:
            return []
        # Other borders could give other bytes: a network rounds differently for another batch size.
        if chunks.rows_at_once != self._rows_at_once:
            return []
        return list(chunks.checksums[: count_whole_chunks(rows, chunks)])

    def _start(self) -> None:
        with suppress(FileNotFoundError):
            shutil.rmtree(self._folder)
        # Not tempfile.mkdtemp, whose folder no other user of a shared cache could read.
        self._folder.mkdir(parents=True)
        create_array(self._folder, self._recipe)
        self._record()

    def _record(self) -> None:
        write_chunks(self._folder, self._recipe, Chunks(self._rows_at_once, tuple(self._checksums)))
