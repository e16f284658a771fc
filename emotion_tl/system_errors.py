"""Tells what the system refuses: a file of another user, a full disk, a drive without locks."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from emotion_tl.errors import StorageError
from emotion_tl.files import NO_ROOM

OTHER_PLACE = (
    "choose another place: hydra.run.dir=... for a run, hydra.sweep.dir=... for a sweep, output_dir=... for a report, "
    "cache_dir=..., tracking.uri=..."
)
ASK = f"Ask its owner for access, or {OTHER_PLACE}"
MAKE_ROOM = f"Make room there, or {OTHER_PLACE}"
LOCKS = f"A drive with locks is needed; {OTHER_PLACE}"
REMEDIES = {
    errno.EACCES: ASK,
    errno.EROFS: OTHER_PLACE.capitalize(),
    **dict.fromkeys(NO_ROOM, MAKE_ROOM),
    **dict.fromkeys((errno.ENOLCK, errno.EOPNOTSUPP), LOCKS),
}


@contextmanager
def system_errors_told() -> Iterator[None]:
    """Turns what the system refuses inside the block into a `StorageError`; other errors are left as they are."""
    try:
        yield
    except OSError as error:
        if error.errno not in REMEDIES:
            raise
        raise storage_error(error, REMEDIES[error.errno]) from error


def storage_error(error: OSError, remedy: str) -> StorageError:
    """Returns what is told of an error of the system: its place, what it is, and what to do."""
    place = "" if error.filename is None else f"{error.filename}: "
    return StorageError(f"{place}{error.strerror}. {remedy}")
