"""A folder of arrays that are computed once and then mapped into memory by every process that needs them.

<cache>/<key>/              a finished entry: array.npy and meta.json
        .computing-<key>/   the same while it is computed, and after that was broken off
        locks/              who computes what
"""

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from emotion_tl.caching.casting import cast_rows
from emotion_tl.caching.entry import META_FILE, DamagedEntryError, open_entry
from emotion_tl.caching.eviction import check_room, make_room
from emotion_tl.caching.locking import locked
from emotion_tl.caching.partial import PartialEntry
from emotion_tl.caching.recipe import ArrayRecipe
from emotion_tl.caching.stored_entries import (
    list_entries,
    locate_entry,
    locate_partial,
    remove_folder,
    remove_half_removed,
    remove_leftovers,
    sum_bytes,
)
from emotion_tl.caching.unavailable import TURN_OFF, CacheUnavailableError, storage_errors_told
from emotion_tl.files import NO_ROOM

logger = logging.getLogger(__name__)

# Held while room is made, so that two processes do not both take the last of it.
ROOM_LOCK = "room"

ComputeRows = Callable[[int, int], np.ndarray]


class ArrayCache:
    """Arrays on disk, found by what they are computed from, shared by processes and bounded in size.

    The folder is created with the first entry. Entries that an instance has got, or found room for together, are not
    removed by that instance to make room; those that it has only found may be. Other processes of the same machine may
    remove all of them, which leaves the arrays it has mapped as they are. A folder on NFS gives no such promise between
    machines: what one of them removes, another loses.

    Attributes:
        folder: where they are.
    """

    def __init__(self, folder: Path, size_limit: int) -> None:
        """Uses a folder, and `size_limit` bytes in it, give or take the few kB of an entry's meta.json."""
        self.folder = folder.expanduser()
        self._size_limit = size_limit
        self._needed: set[str] = set()

    def get_or_compute(
        self,
        recipe: ArrayRecipe,
        compute_rows: ComputeRows,
        rows_at_once: int,
        on_progress: Callable[[int], None] | None = None,
        on_wait: Callable[[], None] | None = None,
    ) -> np.ndarray:
        """Returns the array of a recipe; computes it first where there is no whole one and no other process is at it.

        What was computed before the process died or `compute_rows` raised is kept: whoever comes next goes on there.

        Args:
            recipe: what the array is.
            compute_rows: gives the rows from start to stop, (stop - start, *shape), of a floating-point dtype; the same
                ones whenever it is asked.
            rows_at_once: start is always a multiple of it, and stop the next one or the number of rows.
            on_progress: called with the number of rows that are there, at the start and after each chunk.
            on_wait: called once before waiting for another process that computes the same array.

        Returns:
            (num_rows, *shape), of the recipe's dtype, memory-mapped and read-only; every row of it was checked.

        Raises:
            CacheUnavailableError: where the array cannot be kept: no room, no permission, or numbers too large for the
                recipe's dtype. Nothing is wrong with the computation then, and it can be done without the cache.
        """
        assert rows_at_once > 0, f"expected one row at once at least, received {rows_at_once}"
        # What looks damaged may just be replaced by its owner. The holder of the lock can tell, and warns.
        rows = self._open(recipe, logging.DEBUG)
        if rows is None:
            with locked(self.folder, recipe.key, on_wait):
                rows = self._open(recipe, logging.WARNING)
                if rows is None:
                    self._compute(recipe, compute_rows, rows_at_once, on_progress or ignore_progress)
                    rows = self._open_computed(recipe)
        self._needed.add(recipe.key)
        return rows

    def find(self, recipe: ArrayRecipe) -> np.ndarray | None:
        """Returns the array of a recipe where there is a whole one, memory-mapped and read-only; None otherwise.

        Its entry may be removed to make room for others, which leaves the array as it is.

        Raises:
            CacheUnavailableError: where the folder cannot be read.
        """
        return self._open(recipe, logging.DEBUG)

    def has(self, recipe: ArrayRecipe) -> bool:
        """Returns whether the array of a recipe is there, without looking whether it is whole."""
        return locate_entry(self.folder, recipe.key).is_dir()

    def find_obstacle(self, *recipes: ArrayRecipe) -> str | None:
        """Returns why arrays cannot all be kept at once, as a message to the user; None where they can.

        Those that are there take up no further room, and of those that are begun only what is still to be written does.
        None of them is removed for the sake of another.
        """
        try:
            with storage_errors_told(self.folder):
                if not all(map(self.has, recipes)):
                    # Not what was broken off: it may be what is to be gone on with.
                    remove_half_removed(self.folder)
                    check_room(self.folder, recipes, self._size_limit, self._needed)
        except CacheUnavailableError as error:
            return str(error)
        self._needed.update(recipe.key for recipe in recipes)
        return None

    def size(self) -> int:
        """Returns the bytes that all entries take up; unfinished ones count in full.

        Raises:
            CacheUnavailableError: where the folder cannot be read.
        """
        with storage_errors_told(self.folder):
            return sum_bytes(list_entries(self.folder))

    def clear(self) -> int:
        """Removes all entries except those that a living process computes, and returns how many bytes they took up.

        Raises:
            CacheUnavailableError: where the folder cannot be read.
        """
        with storage_errors_told(self.folder):
            remove_leftovers(self.folder)
            return sum_bytes([entry for entry in list_entries(self.folder) if entry.remove()])

    def _open(self, recipe: ArrayRecipe, log_level: int) -> np.ndarray | None:
        """Returns the array of a finished entry, or None where there is none; a damaged one is logged at the level."""
        folder = locate_entry(self.folder, recipe.key)
        try:
            with storage_errors_told(self.folder):
                rows = open_entry(folder, recipe) if folder.is_dir() else None
        except DamagedEntryError as error:
            logger.log(log_level, "The cached array is damaged and is computed again. %s", error)
            return None
        if rows is not None:
            # Marks the entry as used. In a cache that this user may only read it stays as it is.
            with suppress(OSError):
                os.utime(folder / META_FILE)
        return rows

    def _open_computed(self, recipe: ArrayRecipe) -> np.ndarray:
        """Opens what has just been computed."""
        rows = self._open(recipe, logging.WARNING)
        if rows is None:
            raise CacheUnavailableError(self.folder, "what was just written there cannot be read back")
        return rows

    def _compute(
        self, recipe: ArrayRecipe, compute_rows: ComputeRows, rows_at_once: int, on_progress: Callable[[int], None]
    ) -> None:
        """Puts an entry in its place. The lock of its key is held."""
        with storage_errors_told(self.folder):
            self._remove_damaged(recipe)
            partial = PartialEntry(locate_partial(self.folder, recipe.key), recipe, rows_at_once)
        try:
            self._make_room(recipe)
            on_progress(partial.num_rows)
            while partial.num_rows < recipe.num_rows:
                stop = min(partial.num_rows + rows_at_once, recipe.num_rows)
                self._append(partial, recipe, compute_rows(partial.num_rows, stop))
                on_progress(partial.num_rows)
            with storage_errors_told(self.folder):
                partial.publish(locate_entry(self.folder, recipe.key))
        except CacheUnavailableError as error:
            # Nobody can finish what does not fit, and it may be what fills the disk. After a hiccup of the file system
            # the next process goes on.
            if not isinstance(error.__cause__, OSError) or error.__cause__.errno in NO_ROOM:
                partial.discard()
            raise

    def _remove_damaged(self, recipe: ArrayRecipe) -> None:
        """Removes what stands in the entry's place, so that it is not counted beside the new one."""
        folder = locate_entry(self.folder, recipe.key)
        if folder.exists() and not remove_folder(folder):
            raise CacheUnavailableError(self.folder, f"the damaged {folder.name} cannot be removed")

    def _make_room(self, recipe: ArrayRecipe) -> None:
        with locked(self.folder, ROOM_LOCK), storage_errors_told(self.folder):
            make_room(self.folder, recipe, self._size_limit, self._needed)

    def _append(self, partial: PartialEntry, recipe: ArrayRecipe, rows: np.ndarray) -> None:
        try:
            cast = cast_rows(rows, recipe.dtype)
        except OverflowError as error:
            raise CacheUnavailableError(self.folder, str(error), TURN_OFF) from error
        with storage_errors_told(self.folder):
            partial.append(cast)


def ignore_progress(num_rows: int) -> None:
    """Does nothing with the number of rows."""
