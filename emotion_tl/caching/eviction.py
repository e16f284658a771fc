"""Keeps a cache below its size limit: what was not used for longest makes room for what is new."""

import logging
import shutil
from collections.abc import Collection
from pathlib import Path

from emotion_tl.caching.recipe import ArrayRecipe
from emotion_tl.caching.stored_entries import StoredEntry, list_entries, remove_leftovers, sum_bytes
from emotion_tl.caching.unavailable import RAISE_LIMIT, CacheUnavailableError

logger = logging.getLogger(__name__)

# What the checkpoints and logs of a run find on the disk beside a full cache.
KEPT_FREE_BYTES = 2**30


def make_room(cache: Path, recipe: ArrayRecipe, size_limit: int, protected: Collection[str]) -> None:
    """Removes the least recently used entries until an entry fits under the limit and on the disk.

    Entries that are being computed stay, and so do those whose key is in `protected`.

    Args:
        cache: the folder.
        recipe: of the entry that is to fit.
        size_limit: of all entries together, in bytes.
        protected: keys.

    Raises:
        CacheUnavailableError: where there is no room for it. What can be foreseen is told before anything is removed.
    """
    remove_leftovers(cache)
    check_room(cache, [recipe], size_limit, protected)
    entries = list_entries(cache)
    others = [entry for entry in entries if entry.key != recipe.key]
    num_missing_bytes, num_promised_bytes = sum_missing([recipe], entries), sum_promised(others)
    excess = recipe.num_bytes + sum_bytes(others) - size_limit
    for entry in others:
        if excess <= 0 and num_missing_bytes <= measure_free_bytes(cache) - num_promised_bytes:
            return
        if entry.key not in protected and entry.remove():
            logger.info("Removed %s from the cache to make room.", entry.folder)
            excess -= entry.num_bytes
    if excess > 0:
        raise limit_too_low(cache, recipe.num_bytes, excess + size_limit - recipe.num_bytes, size_limit)
    check_disk(cache, num_missing_bytes, -num_promised_bytes)


def check_room(cache: Path, recipes: Collection[ArrayRecipe], size_limit: int, protected: Collection[str]) -> None:
    """Checks that entries would fit together if all others were removed that may be.

    The arguments are those of `make_room`.

    Raises:
        CacheUnavailableError: where they would not.
    """
    wanted = {recipe.key for recipe in recipes}
    entries = list_entries(cache)
    others = [entry for entry in entries if entry.key not in wanted]
    in_use = [entry for entry in others if entry.key in protected or entry.is_being_computed()]
    num_bytes, num_bytes_in_use = sum(recipe.num_bytes for recipe in recipes), sum_bytes(in_use)
    if num_bytes + num_bytes_in_use > size_limit:
        raise limit_too_low(cache, num_bytes, num_bytes_in_use, size_limit)
    num_removable_bytes = sum(entry.num_bytes_on_disk for entry in others if entry not in in_use)
    check_disk(cache, sum_missing(recipes, entries), num_removable_bytes - sum_promised(others))


def sum_missing(recipes: Collection[ArrayRecipe], entries: Collection[StoredEntry]) -> int:
    """Returns how many bytes are still to be written until the entries of some recipes are finished.

    Args:
        recipes: of entries that are there, begun or yet to come.
        entries: all of the cache.
    """
    written = {entry.key: entry.num_bytes if entry.is_finished else entry.num_bytes_on_disk for entry in entries}
    return sum(max(recipe.num_bytes - written.get(recipe.key, 0), 0) for recipe in recipes)


def sum_promised(entries: Collection[StoredEntry]) -> int:
    """Returns how many bytes living processes have still to write, which the disk counts as free until then."""
    return sum(entry.num_missing_bytes for entry in entries if entry.is_being_computed())


def check_disk(cache: Path, num_missing_bytes: int, num_further_bytes: int) -> None:
    """Checks that the disk has room.

    Args:
        num_further_bytes: that there will be beside what is free now; below 0 where others will take of that.

    Raises:
        CacheUnavailableError: where it has not.
    """
    free = measure_free_bytes(cache) + num_further_bytes
    if num_missing_bytes > free:
        spare, kept = in_gib(max(free, 0)), in_gib(KEPT_FREE_BYTES)
        reason = f"{in_gib(num_missing_bytes)} are to be written, the disk has {spare} for them beside {kept} kept free"
        raise CacheUnavailableError(cache, reason)


def measure_free_bytes(cache: Path) -> int:
    """Returns what the disk of a cache has to spare, below 0 on a full one; the folder need not exist yet."""
    there = next(folder for folder in (cache, *cache.absolute().parents) if folder.exists())
    return shutil.disk_usage(there).free - KEPT_FREE_BYTES


def limit_too_low(cache: Path, num_bytes: int, in_use: int, size_limit: int) -> CacheUnavailableError:
    """Returns the error that tells the sizes."""
    taken = f", of which {in_gib(in_use)} are in use" if in_use else ""
    reason = f"{in_gib(num_bytes)} are to be kept, the limit is {in_gib(size_limit)}{taken}"
    return CacheUnavailableError(cache, reason, RAISE_LIMIT)


def in_gib(num_bytes: int) -> str:
    """Returns a size in words."""
    return f"{num_bytes / 2**30:.3g} GiB"
