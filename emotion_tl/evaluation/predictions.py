"""Labels and probabilities of one split: checked, and as a table."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from emotion_tl.errors import DataError

# Wide enough for rows that were rounded to float16, far too narrow for logits.
ROW_SUM_TOLERANCE = 0.01
PROBABILITY = "probability_"
"""How the column of a class begins in a table of predictions."""


def checked_predictions(
    labels: ArrayLike, probabilities: ArrayLike, num_classes: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Returns labels and probabilities as int64 (n,) and float64 (n, num_classes), each row scaled to sum to 1 exactly.

    `num_classes` of None takes as many classes as there are columns.

    Raises:
        DataError: where there is no image, the shapes do not fit, a label is no class, or a row is no distribution.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities, dtype=np.float64)
    if num_classes is None:
        num_classes = probabilities.shape[-1] if probabilities.ndim else 0
    check_shapes(labels, probabilities, num_classes)
    if not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0 or labels.max() >= num_classes:
        raise DataError(
            f"Expected labels that are whole numbers from 0 to {num_classes - 1}, got {labels.dtype} from "
            f"{labels.min()} to {labels.max()}. Give the position of each image's class in the class names."
        )
    check_distributions(probabilities)
    return labels.astype(np.int64), probabilities / probabilities.sum(axis=1, keepdims=True)


def has_leak_free_part(has_copy: ArrayLike) -> bool:
    """Returns whether some images have a copy in another split, and enough have none: one has no interval."""
    has_copy = np.asarray(has_copy, dtype=bool)
    return bool(has_copy.any()) and int((~has_copy).sum()) > 1


def check_shapes(labels: NDArray, probabilities: NDArray, num_classes: int) -> None:
    """Raises a DataError unless there are images, each with one label and one row of `num_classes` probabilities."""
    if labels.shape == (0,):
        raise DataError("Expected predictions for at least one image, got none. Check that the split holds images.")
    if num_classes < 2 or labels.ndim != 1 or probabilities.shape != (len(labels), num_classes):
        raise DataError(
            f"Expected labels (n,) and probabilities (n, {num_classes}) with 2 or more classes, got {labels.shape} and "
            f"{probabilities.shape}. Give one label and one row of probabilities per image, one column per class name."
        )


def check_distributions(probabilities: NDArray[np.float64]) -> None:
    """Raises a DataError unless each row is finite, not negative and sums to 1."""
    if not np.isfinite(probabilities).all():
        num_bad = int((~np.isfinite(probabilities).all(axis=1)).sum())
        raise DataError(
            f"Expected finite probabilities, got NaN or infinity for {num_bad} of {len(probabilities)} images. The "
            "model has diverged: lower the learning rate or use float32 precision, and train it again."
        )
    sums = probabilities.sum(axis=1)
    if probabilities.min() < 0 or np.abs(sums - 1).max() > ROW_SUM_TOLERANCE:
        raise DataError(
            f"Expected probabilities of 0 or more that sum to 1 for each image, got a smallest value of "
            f"{probabilities.min():.4g} and sums from {sums.min():.4g} to {sums.max():.4g}. Apply softmax to logits."
        )


def predictions_table(
    split_name: str,
    image_ids: Sequence[str],
    labels: NDArray[np.int64],
    probabilities: NDArray[np.floating],
    has_copy: NDArray[np.bool_],
    class_names: Sequence[str],
) -> pd.DataFrame:
    """Returns one row per image, ready for Parquet.

    The columns are image (str), split (str), label and predicted (class names), confidence (float32, the probability of
    the predicted class), has_copy (bool: the image is also in another split) and `probability_<class>` (float32)
    for each class.

    Raises:
        DataError: where there is not one id, label, row of probabilities and has_copy per image.
    """
    check_shapes(labels, probabilities, len(class_names))
    if not len(image_ids) == len(has_copy) == len(labels):
        raise DataError(
            f"Expected one image id and one has_copy per label, got {len(image_ids)} ids and {len(has_copy)} has_copy "
            f"for {len(labels)} labels. Take all of them from the same split."
        )
    probabilities = probabilities.astype(np.float32)
    names = np.asarray(class_names, dtype=object)
    columns = {
        "image": list(image_ids),
        "split": split_name,
        "label": names[labels],
        "predicted": names[probabilities.argmax(axis=1)],
        "confidence": probabilities.max(axis=1),
        "has_copy": np.asarray(has_copy, dtype=bool),
    }
    columns |= dict(zip(probability_columns(class_names), probabilities.T, strict=True))
    return pd.DataFrame(columns)


def probability_columns(class_names: Sequence[str]) -> list[str]:
    """Returns the columns that hold the probabilities of some classes in a table of predictions."""
    return [f"{PROBABILITY}{name}" for name in class_names]


def classes_of(table: pd.DataFrame) -> tuple[str, ...]:
    """Returns the classes that a table of predictions has a column of probabilities for, in the order of these."""
    return tuple(str(name).removeprefix(PROBABILITY) for name in table if str(name).startswith(PROBABILITY))
