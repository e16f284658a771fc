"""Folders and zip archives alike: the names of the files in them, and a way to open each."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

from emotion_tl.data.sources.archives import open_archive
from emotion_tl.errors import DataError

# A link that points to a folder above itself would otherwise be followed for ever.
MAX_DEPTH = 8


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
        DataError: where nothing is there.
    """
    path = Path(text or "").expanduser().absolute()
    if not path.exists():
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
        files = sorted(name for name, entry in entries if entry.is_file())
        folders = sorted(name for name, entry in entries if entry.is_dir())
        yield FileTree(files, folders, lambda name: (path / name).open("rb"))
        return
    with open_archive(path) as archive:
        members = archive.namelist()
        files = sorted(name for name in members if not name.endswith("/"))
        folders = sorted(name.rstrip("/") for name in members if name.endswith("/"))
        yield FileTree(files, folders, lambda name: BytesIO(archive.read(name)))


def walk(root: Path, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, os.DirEntry]]:
    """Yields relative posix name and entry of everything below a folder; links are followed.

    Raises:
        DataError: where a folder cannot be read.
    """
    try:
        entries = list(os.scandir(root / prefix))
    except OSError as error:
        raise DataError(f"{root / prefix} cannot be read: {error.strerror}.") from error
    for entry in entries:
        name = f"{prefix}{entry.name}"
        yield name, entry
        if entry.is_dir() and depth < MAX_DEPTH:
            yield from walk(root, f"{name}/", depth + 1)


def describe_state(path: Path) -> Iterator[str]:
    """Yields path, size and time of change of an archive, or of every file below a folder."""
    if not path.is_dir():
        status = path.stat()
        yield f"{path.resolve()} {status.st_size} {status.st_mtime_ns}"
        return
    yield str(path.resolve())
    for name, entry in sorted(walk(path), key=itemgetter(0)):
        # A link that leads nowhere has no status of its own; it is no file for the listing either.
        if entry.is_file():
            status = entry.stat()
            yield f"{name} {status.st_size} {status.st_mtime_ns}"
        elif entry.is_dir():
            yield name
