"""Zip archives from strangers: opened only when nothing in them can do harm."""

import re
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo

from emotion_tl.errors import DataError

# A deflated photograph hardly shrinks and a blank bitmap shrinks a thousandfold; small members may be blank.
MAX_COMPRESSION_RATIO = 200
MIN_BYTES_FOR_RATIO = 1 << 20
MAX_MEMBER_BYTES = 1 << 30

ENCRYPTED_FLAG = 0x1


def open_archive(path: Path) -> ZipFile:
    """Opens a zip archive after all its members were checked; nothing is decompressed or extracted.

    Raises:
        DataError: where the file is no whole zip archive, or holds a member that is encrypted, would land outside the
            folder it is extracted to, or claims an absurd size.
    """
    try:
        archive = ZipFile(path)
    except (BadZipFile, OSError) as error:
        raise DataError(
            f"{path}: expected a folder or a whole zip archive. Received: {error}. Download it again, or "
            "extract it by hand."
        ) from error
    try:
        check_members(path, archive.infolist())
    except DataError:
        archive.close()
        raise
    return archive


def check_members(path: Path, members: list[ZipInfo]) -> None:
    """Raises DataError where the archive must not be read."""
    for member in members:
        if leaves_folder(member.filename):
            raise DataError(f"{path} is refused: its member {member.filename!r} would land outside the folder.")
        if member.flag_bits & ENCRYPTED_FLAG:
            raise DataError(f"{path} is encrypted. Extract it and give data.path the folder.")
        if member.file_size > MAX_MEMBER_BYTES or is_absurd(member.file_size, member.compress_size):
            raise DataError(
                f"{path} is refused as a zip bomb: its member {member.filename!r} claims {member.file_size:,} bytes "
                f"out of {member.compress_size:,}. If you trust it, extract it and give data.path the folder."
            )
    total = sum(member.file_size for member in members)
    if is_absurd(total, path.stat().st_size):
        raise DataError(
            f"{path} is refused as a zip bomb: its members claim {total:,} bytes out of {path.stat().st_size:,}. "
            "If you trust it, extract it and give data.path the folder."
        )


def is_absurd(num_bytes: int, num_compressed_bytes: int) -> bool:
    """Returns whether no honest set of images is compressed this far."""
    return num_bytes > MIN_BYTES_FOR_RATIO and num_bytes > MAX_COMPRESSION_RATIO * num_compressed_bytes


def leaves_folder(name: str) -> bool:
    """Returns whether a member name is absolute, has a drive letter or climbs with "..", in any system's spelling."""
    posix = PurePosixPath(name.replace("\\", "/"))
    return posix.is_absolute() or ".." in posix.parts or re.match(r"[A-Za-z]:", name) is not None
