"""Locks between processes. The operating system frees them when their holder dies, by kill -9 too.

<cache>/locks/<name>.lock is empty and stays: removed while another process waits for it, it would have two holders.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from emotion_tl.caching.unavailable import storage_errors_told

LOCKS_FOLDER = "locks"
# How soon a waiting process notices that the lock is free.
POLL_SECONDS = 0.1


@contextmanager
def locked(cache: Path, name: str, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Holds a lock inside the block; waits for it, and calls `on_wait` once before it does.

    Raises:
        CacheUnavailableError: where no lock can be had in this folder.
    """
    lock = make_lock(cache, name)
    if not acquire_if_free(cache, lock):
        if on_wait is not None:
            on_wait()
        # Polls, so that Ctrl-C ends the wait.
        with storage_errors_told(cache):
            lock.acquire(poll_interval=POLL_SECONDS)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def locked_if_free(cache: Path, name: str) -> Iterator[bool]:
    """Gives whether the lock was free; if so it is held inside the block.

    Raises:
        CacheUnavailableError: where no lock can be had in this folder.
    """
    lock = make_lock(cache, name)
    was_free = acquire_if_free(cache, lock)
    try:
        yield was_free
    finally:
        if was_free:
            lock.release()


def make_lock(cache: Path, name: str) -> FileLock:
    """Returns the lock of this name, not held yet."""
    folder = cache / LOCKS_FOLDER
    with storage_errors_told(cache):
        folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f"{name}.lock")


def acquire_if_free(cache: Path, lock: FileLock) -> bool:
    """Takes the lock without waiting and returns whether that went well."""
    with storage_errors_told(cache):
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
    return True
