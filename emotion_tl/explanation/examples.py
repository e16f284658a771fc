"""Which images are explained: drawn by chance, as the surest ones would show a model at its best or at its worst."""

import numpy as np
from numpy.typing import NDArray


def draw_examples(is_candidate: NDArray[np.bool_], num_images: int, seed: int) -> NDArray[np.int64]:
    """Returns the positions of at most `num_images` of the candidates.

    Args:
        is_candidate: (n,).
        num_images: how many to take at most.
        seed: of the drawing.
    """
    return np.random.default_rng(seed).permutation(np.flatnonzero(is_candidate))[:num_images]


def told_classes(num_shown: int, num_classes: int) -> str:
    """Returns "each class", or which of them where not all are shown."""
    return "each class" if num_shown == num_classes else f"the first {num_shown} of {num_classes} classes"
