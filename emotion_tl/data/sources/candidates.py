"""Which files of a data set may be images, told by their names."""

from pathlib import PurePosixPath

# The suffix decides only whether a file is looked at; what it holds is told by its content. Formats that are not read
# (GIF and the following) are looked at as well, so that they are reported and not silently left out.
IMAGE_SUFFIXES = {"", ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".webp", ".tif", ".tiff"}
IMAGE_SUFFIXES |= {".gif", ".heic", ".heif", ".avif", ".jp2", ".ppm", ".pgm"}
# What macOS, Windows and Synology's drives leave beside the images.
IGNORED_NAMES = {"__macosx", "thumbs.db", "desktop.ini", "@eadir"}


def is_candidate(name: str) -> bool:
    """Returns whether a name may be that of an image: not hidden, and not obviously something else."""
    path = PurePosixPath(name)
    if any(part.startswith(".") or part.lower() in IGNORED_NAMES for part in path.parts):
        return False
    return path.suffix.lower() in IMAGE_SUFFIXES
