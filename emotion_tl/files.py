"""Files that are written as a whole or not at all, however the process ends, and known by their content."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

STATE_FOLDER = "state"
"""In the folder of a run: what its training goes on from, which is large and of use on this machine alone."""

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system answers where a file can grow no further."""


def replace_file(path: Path, write: Callable[[Path], object], must_outlive_power: bool = False) -> None:
    """Writes a file beside its place and moves it there: who reads it meanwhile finds the old one or the new one.

    One process at a time may write it.

    Args:
        path: of the file.
        write: writes to the path it is given, which ends as that of the file.
        must_outlive_power: wait until it has reached the disk.
    """
    partial = path.with_name(f"partial.{path.name}")
    try:
        write(partial)
        if must_outlive_power:
            force_to_disk(partial)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_json(path: str | Path, content: Any) -> None:
    """Writes a JSON file so that a killed process leaves the old one or the new one."""
    text = json.dumps(content, indent=2)
    replace_file(Path(path), lambda partial: partial.write_text(text, encoding="utf-8"))


def read_json(path: Path) -> Any:
    """Returns the content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def find_status(path: str | Path) -> os.stat_result | None:
    """Returns the status of what stands at a path, or its link leads to; None where that is nothing.

    Raises:
        OSError: where it cannot be looked at.
    """
    with suppress(FileNotFoundError, NotADirectoryError):
        return os.stat(path)  # noqa: PTH116  a Path of each file takes as long as its status
    return None


def force_to_disk(path: Path) -> None:
    """Waits until a file has reached the disk: a name that outlives a power failure must not stand for nothing."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def check_free_space(folder: Path, num_bytes: int) -> None:
    """Checks that the disk of a folder has so much room, before it is given to a writer that does not bear a full one.

    Raises:
        OSError: as the system does where it has not.
    """
    if shutil.disk_usage(folder).free < num_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def sha256_of(path: Path) -> str:
    """Returns the SHA-256 of a file as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
