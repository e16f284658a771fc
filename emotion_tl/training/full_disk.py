"""Says what to do when the disk has no room for what a training writes."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emotion_tl.errors import FullDiskError
from emotion_tl.files import NO_ROOM

# h5py raises errors of several classes; all carry the system's words in the text.
SIGNS = tuple(os.strerror(number) for number in NO_ROOM)


@contextmanager
def explain_full_disk(folder: Path, stage: str) -> Iterator[None]:
    """Turns the error of a file that can grow no further into one that names the folder and what to do.

    Args:
        folder: of the training.
        stage: what is being done, in words.

    Raises:
        FullDiskError: in place of the system's error.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        sign = next((sign for sign in SIGNS if sign in str(error)), None)
        if sign is None:
            raise
        free = shutil.disk_usage(folder).free / 2**30
        raise FullDiskError(
            f"{stage}: expected room in {folder} for the weights of the best epoch and for what the training goes on "
            f"from. Received: {sign}, with {free:.3g} GiB free. Make room there; the same command then goes on from "
            "the last epoch that was kept."
        ) from error
