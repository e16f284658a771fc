"""The one error of the cache. It ends no training, which goes on without the cache."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emotion_tl.errors import EmotionTLError

# What the user can do about it.
TURN_OFF = "Turn the cache off with trainer.cache=off."
MOVE = "Choose another folder with cache_dir=/path/to/folder, or turn the cache off with trainer.cache=off."
RAISE_LIMIT = "Raise trainer.cache_size_limit, or turn the cache off with trainer.cache=off."


class CacheUnavailableError(EmotionTLError):
    """A cache that cannot hold what is asked of it, for a reason outside of the computation.

    Attributes:
        folder: the folder of the cache.
        reason: what is wrong, a sentence without its full stop.
        remedy: what the user can do about it, a sentence.
    """

    def __init__(self, folder: Path, reason: str, remedy: str = MOVE) -> None:
        """Keeps the three parts as `args`, so that the error survives the way from one process to another."""
        super().__init__(folder, reason, remedy)
        self.folder = folder
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        """Returns the message for the user."""
        return f"The cache in {self.folder} cannot be used: {self.reason}. {self.remedy}"


@contextmanager
def storage_errors_told(folder: Path) -> Iterator[None]:
    """Turns what the file system raises inside the block into a `CacheUnavailableError`."""
    try:
        yield
    except OSError as error:
        raise CacheUnavailableError(folder, str(error)) from error
