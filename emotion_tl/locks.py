"""Locks between processes. The operating system frees them when their holder dies, by kill -9 too.

The file of a lock is empty and stays: removed while another process waits for it, it would have two holders.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from filelock import FileLock, Timeout

# How soon a waiting process notices that the lock is free.
POLL_SECONDS = 0.1


def acquire(
    path: Path, on_wait: Callable[[], None] | None = None, seconds: float | None = None
) -> AbstractContextManager:
    """Returns a lock that this process holds, and frees at the end of a `with` block.

    Args:
        path: of its file, whose folder is made.
        on_wait: called once before another process is waited for.
        seconds: for which it is waited for; None waits as long as it takes.

    Raises:
        TimeoutError: where another process has held the lock for so long.
        OSError: where no lock can be had in this folder.
    """
    lock = acquire_if_free(path)
    if lock is not None:
        return lock
    if on_wait is not None:
        on_wait()
    # Polls, so that Ctrl-C ends the wait.
    return FileLock(path).acquire(timeout=-1 if seconds is None else seconds, poll_interval=POLL_SECONDS)


def acquire_if_free(path: Path) -> AbstractContextManager | None:
    """Returns the same without waiting; None where another process holds the lock.

    Raises:
        OSError: where no lock can be had in this folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return FileLock(path).acquire(timeout=0)
    except Timeout:
        return None
