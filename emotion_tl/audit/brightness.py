"""How bright the images of each class are: a class that is darker than the others can be told by that alone."""

import numpy as np
import pandas as pd

from emotion_tl.audit.images import AuditedImages

FIGURES = ("brightness", "contrast")


def summarize_brightness(table: pd.DataFrame, class_names: tuple[str, ...]) -> pd.DataFrame:
    """Returns mean and standard deviation over the images of a class, in grey levels 0..255.

    Args:
        table: columns class_name, brightness and contrast, as in `AuditedImages`.

    Returns:
        A row a class; columns brightness, brightness_deviation, contrast, contrast_deviation.
    """
    by_class = table.groupby("class_name")[list(FIGURES)]
    deviations = by_class.std(ddof=0).add_suffix("_deviation")
    joined = by_class.mean().join(deviations).reindex(list(class_names))
    return joined[[f"{name}{ending}" for name in FIGURES for ending in ("", "_deviation")]]


def average_images(images: AuditedImages) -> np.ndarray:
    """Returns the mean image of each class: uint8 (num_classes, height, width, channels)."""
    dataset = images.dataset
    sums = np.zeros((dataset.num_classes, *dataset.image_shape))
    labels = images.table["label"].to_numpy()
    for numbers, batch in images.batches():
        for label in np.unique(labels[numbers]):
            sums[label] += batch[labels[numbers] == label].sum(axis=0, dtype=np.int64)
    counts = np.bincount(labels, minlength=dataset.num_classes)
    return np.rint(sums / counts[:, None, None, None]).astype(np.uint8)
