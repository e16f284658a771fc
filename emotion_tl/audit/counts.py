"""How many images of each class there are in each split, and how unequal the classes are; and who is on them."""

from typing import Any

import pandas as pd

from emotion_tl.data.persons import SPLITS_BEFORE, seen_before
from emotion_tl.data.sources.split_names import SPLITS


def count_classes(table: pd.DataFrame, class_names: tuple[str, ...]) -> pd.DataFrame:
    """Returns the number of images, int64: a row a class, in their order, a column a split.

    Args:
        table: columns class_name and split, as in `AuditedImages`.
    """
    counts = pd.crosstab(table["class_name"], table["split"])
    return counts.reindex(index=list(class_names), columns=list(SPLITS), fill_value=0)


def measure_imbalance(counts: pd.DataFrame) -> dict[str, float]:
    """Returns for each split how many times as large its largest class is as its smallest: 1 for equal classes."""
    return {str(split): float(column.max() / column.min()) for split, column in counts.items()}


def measure_shift(counts: pd.DataFrame) -> dict[str, float]:
    """Returns for val and test the total variation distance of their class shares to those of train.

    It is the share of images that would have to change their class for the shares to agree: 0 for equal shares.
    """
    shares = counts / counts.sum()
    return {split: float((shares[split] - shares["train"]).abs().sum() / 2) for split in SPLITS[1:]}


def summarize_persons(persons: pd.DataFrame) -> dict[str, Any]:
    """Returns how many people there are, and how many a model has seen before it comes to val and test, for JSON.

    Args:
        persons: number of images; a row a person, a column a split.
    """
    again = {split: seen_before(persons, split) for split in SPLITS_BEFORE}
    return {
        "num_persons": len(persons),
        "by_split": {split: int((persons[split] > 0).sum()) for split in SPLITS},
        "seen_before": {
            split: {"num_persons": len(rows), "num_images": int(rows[split].sum())} for split, rows in again.items()
        },
    }
