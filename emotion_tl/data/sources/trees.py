"""Folders and zip archives alike: the names of the files in them, and a way to open each."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from operator import itemgetter
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import BinaryIO

from emotion_tl.data.sources.archives import open_archive
from emotion_tl.data.sources.candidates import is_candidate
from emotion_tl.errors import DataError
from emotion_tl.files import find_status

Place = tuple[int, int]
"""Device and inode, by which a folder is known under all its names."""


@dataclass(frozen=True)
class FileTree:
    """The files below a folder or in a zip archive.

    Attributes:
        files: their names relative to the folder, posix style, sorted.
        folders: the names of the folders, likewise, also of the empty ones.
        open_file: opens the file of a name for reading.
    """

    files: list[str]
    folders: list[str]
    open_file: Callable[[str], BinaryIO]


def require_path(text: str | None, expected: str) -> Path:
    """Returns the absolute path of a setting.

    Raises:
        DataError: where nothing is there, or it cannot be looked for.
    """
    try:
        path = Path(text or "").expanduser().absolute()
        is_there = path.exists()
    # RuntimeError: the home of a user who is not there.
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"data.path: expected {expected}. Received: {text}, which cannot be found: {reason}") from error
    if not is_there:
        raise DataError(
            f"data.path: expected {expected}. Received: {path}, which is not there. A relative path starts at the "
            "folder the command was given in."
        )
    return path


@contextmanager
def open_tree(path: Path) -> Iterator[FileTree]:
    """Opens a folder or a zip archive for as long as the context lasts. Archives are read in place, without extracting.

    Raises:
        DataError: where an archive is damaged or not to be trusted.
    """
    if path.is_dir():
        entries = list(walk(path))
        files = sorted(name for name, status in entries if S_ISREG(status.st_mode))
        folders = sorted(name for name, status in entries if S_ISDIR(status.st_mode))
        yield FileTree(files, folders, lambda name: (path / name).open("rb"))
        return
    with open_archive(path) as archive:
        members = archive.namelist()
        files = sorted(name for name in members if not name.endswith("/"))
        folders = sorted(name.rstrip("/") for name in members if name.endswith("/"))
        yield FileTree(files, folders, lambda name: BytesIO(archive.read(name)))


def walk(root: Path, prefix: str = "", above: frozenset[Place] = frozenset()) -> Iterator[tuple[str, os.stat_result]]:
    """Yields relative posix name and status of everything below a folder, in any order.

    Links are followed, but those that lead nowhere or to a folder they stand in are passed over.

    Args:
        root: the folder.
        prefix: the name of the folder below it that is gone through, ending in a slash; "" for itself.
        above: the folders that this one stands in.

    Raises:
        DataError: where a folder or a file cannot be looked at.
    """
    folder = root / prefix
    with telling_errors(folder):
        above |= {place_of(folder.stat())}
        entries = list(os.scandir(folder))
    for entry in entries:
        with telling_errors(entry.path):
            status = find_status(entry.path)
        # Some network drives number no files: all places would be one.
        if status is None or (S_ISDIR(status.st_mode) and status.st_ino and place_of(status) in above):
            continue
        name = f"{prefix}{entry.name}"
        yield name, status
        if S_ISDIR(status.st_mode):
            yield from walk(root, f"{name}/", above)


def place_of(status: os.stat_result) -> Place:
    """Returns what all names of the same folder have in common."""
    return status.st_dev, status.st_ino


@contextmanager
def telling_errors(path: Path | str) -> Iterator[None]:
    """Turns what the file system raises inside the block into a DataError."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}. Mend or remove it, and give the command again."
        ) from error


def describe_state(path: Path) -> Iterator[str]:
    """Yields path, size and time of change of an archive, or of every file below a folder that may be an image."""
    if not path.is_dir():
        status = path.stat()
        yield f"{path.resolve()} {status.st_size} {status.st_mtime_ns}"
        return
    yield str(path.resolve())
    for name, status in sorted(walk(path), key=itemgetter(0)):
        # Looking at a folder in Finder or Explorer leaves files there that change no image.
        if not is_candidate(name):
            continue
        if S_ISREG(status.st_mode):
            yield f"{name} {status.st_size} {status.st_mtime_ns}"
        elif S_ISDIR(status.st_mode):
            yield name
