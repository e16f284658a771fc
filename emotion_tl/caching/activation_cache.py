"""Where the activations of frozen networks are kept."""

from pathlib import Path

from emotion_tl.caching.array_cache import ArrayCache

FOLDER = "activations"
BYTES_A_GIB = 2**30


def open_activation_cache(cache_dir: str, size_limit: float = 0.0) -> ArrayCache:
    """Returns the cache of activations.

    Args:
        cache_dir: folder of everything that is computed once.
        size_limit: GiB; 0 lets nothing in, and is all that is needed to empty the cache.
    """
    return ArrayCache(Path(cache_dir).expanduser() / FOLDER, int(size_limit * BYTES_A_GIB))
