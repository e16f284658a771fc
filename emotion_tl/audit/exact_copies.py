"""Images whose decoded pixels are equal: how many, across which splits, and where they contradict each other."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from emotion_tl.data.sources.split_names import SPLITS


@dataclass(frozen=True, eq=False)
class ExactCopies:
    """What is known of images with equal pixels.

    Attributes:
        num_unique_images: different images.
        num_groups: groups of two or more equal images.
        num_redundant_copies: images beside the first of each group.
        num_conflicting_groups: groups whose images carry different labels.
        between_splits: between_splits[a][b] images of split a have a copy in another split b.
        num_leak_free_images: images of val without a copy in train, and of test without a copy in train or val: those
            that the leak-free score is of.
        by_class: a row a class, columns train and val: the share of its test images that have a copy there, 0..1.
        members: the images of all groups; columns number (of the image), group (from 0) and labels_differ (bool).
    """

    num_unique_images: int
    num_groups: int
    num_redundant_copies: int
    num_conflicting_groups: int
    between_splits: dict[str, dict[str, int]]
    num_leak_free_images: dict[str, int]
    by_class: pd.DataFrame = field(repr=False)
    members: pd.DataFrame = field(repr=False)

    def summary(self) -> dict[str, Any]:
        """Returns the figures, for JSON."""
        return {
            "num_unique_images": self.num_unique_images,
            "num_groups": self.num_groups,
            "num_redundant_copies": self.num_redundant_copies,
            "num_conflicting_groups": self.num_conflicting_groups,
            "between_splits": self.between_splits,
            "num_leak_free_images": self.num_leak_free_images,
            "share_of_test_images_with_a_copy": self.by_class.to_dict("index"),
        }


def find_exact_copies(table: pd.DataFrame, class_names: tuple[str, ...]) -> ExactCopies:
    """Finds images with equal pixels.

    Args:
        table: columns pixel_hash, has_copy, split, label and class_name, as in `AuditedImages`.
    """
    by_pixels = table.groupby("pixel_hash", sort=False)
    members = pd.DataFrame(
        {
            "number": table.index,
            "group": by_pixels.ngroup(),
            "labels_differ": by_pixels["label"].transform("nunique") > 1,
        }
    )[by_pixels["split"].transform("size") > 1]
    # Numbered again, by the first image of each group.
    members["group"] = pd.factorize(members["group"])[0]
    members = members.sort_values(["group", "number"], ignore_index=True)
    presence = copies_in_splits(table)
    test = table["split"] == "test"
    shares = presence[test].groupby(table["class_name"][test])[["train", "val"]].mean()
    return ExactCopies(
        num_unique_images=by_pixels.ngroups,
        num_groups=members["group"].nunique(),
        num_redundant_copies=len(table) - by_pixels.ngroups,
        num_conflicting_groups=members.loc[members["labels_differ"], "group"].nunique(),
        between_splits=count_between_splits(table, presence),
        num_leak_free_images={name: int((~table["has_copy"][table["split"] == name]).sum()) for name in SPLITS[1:]},
        by_class=shares.reindex(list(class_names)),
        members=members,
    )


def copies_in_splits(table: pd.DataFrame) -> pd.DataFrame:
    """Returns whether the pixels of each image stand in train, in val and in test: bool, a column a split."""
    hashes, splits = table["pixel_hash"], table["split"]
    return pd.DataFrame({split: hashes.isin(hashes[splits == split]) for split in SPLITS})


def count_between_splits(table: pd.DataFrame, presence: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Returns for two different splits a and b how many images of a have a counterpart in b.

    Args:
        table: column split.
        presence: bool, a row an image, a column a split.
    """
    return {
        split: {other: int(presence.loc[table["split"] == split, other].sum()) for other in SPLITS if other != split}
        for split in SPLITS
    }
