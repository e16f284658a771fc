"""The locks of a cache, <cache>/locks/<name>.lock, whose errors are those of a cache."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from emotion_tl.caching.unavailable import storage_errors_told
from emotion_tl.locks import acquire, acquire_if_free

LOCKS_FOLDER = "locks"


@contextmanager
def locked(cache: Path, name: str, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Holds a lock inside the block; waits for it, and calls `on_wait` once before it does.

    Raises:
        CacheUnavailableError: where no lock can be had in this folder.
    """
    with storage_errors_told(cache):
        lock = acquire(file_of(cache, name), on_wait)
    with lock:
        yield


@contextmanager
def locked_if_free(cache: Path, name: str) -> Iterator[bool]:
    """Gives whether the lock was free; if so it is held inside the block.

    Raises:
        CacheUnavailableError: where no lock can be had in this folder.
    """
    with storage_errors_told(cache):
        lock = acquire_if_free(file_of(cache, name))
    with lock or nullcontext():
        yield lock is not None


def file_of(cache: Path, name: str) -> Path:
    """Returns the file of a lock."""
    return cache / LOCKS_FOLDER / f"{name}.lock"
