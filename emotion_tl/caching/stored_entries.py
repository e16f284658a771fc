"""What is in a cache, and how it is removed without harm to other processes."""

import logging
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from emotion_tl.caching.entry import ARRAY_FILE, META_FILE
from emotion_tl.caching.locking import locked_if_free
from emotion_tl.caching.recipe import KEY_BYTES
from emotion_tl.files import find_status

logger = logging.getLogger(__name__)

COMPUTING_PREFIX = ".computing-"
REMOVED_PREFIX = ".removed-"
# Nothing else in the folder is ever counted or removed: a user may have pointed cache_dir at a folder full of work.
ENTRY_NAME = re.compile(rf"({re.escape(COMPUTING_PREFIX)})?([0-9a-f]{{{2 * KEY_BYTES}}})")

ABANDONED_AFTER_SECONDS = 24 * 3600

# The unit of st_blocks, whatever the blocks of the file system are.
BLOCK_BYTES = 512


@dataclass(frozen=True)
class StoredEntry:
    """An entry seen from outside.

    Attributes:
        folder: where it stands.
        key: the key of its recipe.
        is_finished: False while it is computed, and after that was broken off.
        num_bytes: its size; an unfinished one counts in full.
        num_bytes_on_disk: what of that the disk holds, which is what its removal gives back.
        last_used: when it was opened or written to, in seconds since 1970.
    """

    folder: Path
    key: str
    is_finished: bool
    num_bytes: int
    num_bytes_on_disk: int
    last_used: float

    @property
    def num_missing_bytes(self) -> int:
        """Returns what is still to be written of it."""
        # Where the file system compresses, a finished one takes up less than its size too.
        return 0 if self.is_finished else max(self.num_bytes - self.num_bytes_on_disk, 0)

    def is_being_computed(self) -> bool:
        """Returns whether a living process, this one included, is at it."""
        if self.is_finished:
            return False
        with locked_if_free(self.folder.parent, self.key) as is_free:
            return not is_free

    def remove(self) -> bool:
        """Removes the entry unless a living process computes it, and returns whether it is gone."""
        if self.is_finished:
            return remove_folder(self.folder)
        with locked_if_free(self.folder.parent, self.key) as is_free:
            return is_free and remove_folder(self.folder)


def locate_entry(cache: Path, key: str) -> Path:
    """Returns the folder of a finished entry."""
    return cache / key


def locate_partial(cache: Path, key: str) -> Path:
    """Returns the folder in which an entry is computed."""
    return cache / f"{COMPUTING_PREFIX}{key}"


def list_entries(cache: Path) -> list[StoredEntry]:
    """Returns all entries, finished or not, the least recently used one first."""
    folders = list(cache.iterdir()) if cache.is_dir() else []
    matches = [(folder, ENTRY_NAME.fullmatch(folder.name)) for folder in folders]
    entries = [describe_entry(folder, *match.groups()) for folder, match in matches if match]
    return sorted((entry for entry in entries if entry is not None), key=lambda entry: entry.last_used)


def describe_entry(folder: Path, prefix: str | None, key: str) -> StoredEntry | None:
    """Returns the entry in a folder, or None where another process has just moved or removed it."""
    # Not all that the folder holds: the file that is to replace meta.json comes and goes.
    of_folder, of_array, of_meta = map(find_status, (folder, folder / ARRAY_FILE, folder / META_FILE))
    if of_folder is None:
        return None
    files = [status for status in (of_array, of_meta) if status is not None]
    num_bytes = sum(status.st_size for status in files)
    last_used = (of_meta or of_folder).st_mtime
    is_finished = prefix is None
    # Some network drives tell of no blocks, which would make a finished entry worth nothing to remove.
    num_bytes_on_disk = sum(map(measure_on_disk, files)) or is_finished * num_bytes
    return StoredEntry(folder, key, is_finished, num_bytes, num_bytes_on_disk, last_used)


def measure_on_disk(status: os.stat_result) -> int:
    """Returns how many bytes a file takes up on the disk: fewer than its size where nothing was written yet."""
    # Windows does not tell.
    return status.st_blocks * BLOCK_BYTES if hasattr(status, "st_blocks") else status.st_size


def sum_bytes(entries: Iterable[StoredEntry]) -> int:
    """Returns the size of several entries together."""
    return sum(entry.num_bytes for entry in entries)


def remove_folder(folder: Path) -> bool:
    """Removes a folder of a cache, and returns whether it is gone.

    It is moved away first, so that nobody opens the rest of it. Processes that have its array mapped keep all of it
    until they end; where the operating system does not allow that (Windows), the folder stays.
    """
    removed = folder.with_name(f"{REMOVED_PREFIX}{uuid.uuid4().hex}")
    try:
        folder.rename(removed)
    except FileNotFoundError:
        return True
    except OSError as error:
        logger.warning("%s could not be removed from the cache: %s", folder, error)
        return False
    shutil.rmtree(removed, ignore_errors=True)
    return True


def remove_half_removed(cache: Path) -> None:
    """Removes the folders that a killed process was about to remove."""
    for folder in cache.glob(f"{REMOVED_PREFIX}*"):
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(cache: Path) -> None:
    """Removes what killed processes left: entries nobody went on with for a day, and folders half removed."""
    remove_half_removed(cache)
    for entry in list_entries(cache):
        if not entry.is_finished and time.time() - entry.last_used > ABANDONED_AFTER_SECONDS:
            entry.remove()
