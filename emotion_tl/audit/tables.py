"""The images that an audit found, as tables that open in a spreadsheet."""

from functools import partial
from pathlib import Path

import pandas as pd

from emotion_tl.audit.images import AuditedImages
from emotion_tl.audit.result import AuditResult
from emotion_tl.files import replace_file

NAMES = ["image", "split", "class_name"]


def write_tables(result: AuditResult, folder: Path) -> None:
    """Writes each table as a CSV file of its name."""
    for name, table in audit_tables(result).items():
        replace_file(folder / f"{name}.csv", partial(table.to_csv, index=False))


def audit_tables(result: AuditResult) -> dict[str, pd.DataFrame]:
    """Returns the tables by the name of their file, each image with its name, split and class."""
    tables = {
        "exact_copies": exact_copies_table(result),
        "constant_images": result.constant_images[NAMES],
        "rejected_images": result.dataset.rejected,
    }
    if result.dataset.persons is not None:
        tables["persons"] = result.dataset.persons.reset_index()
    if result.near_duplicates is not None:
        tables["near_duplicates"] = near_duplicates_table(result.images, result.near_duplicates.pairs)
    if result.label_issues is not None:
        tables["label_issues"] = label_issues_table(result.images, result.label_issues.candidates)
    return tables


def exact_copies_table(result: AuditResult) -> pd.DataFrame:
    """Returns the images that have a copy, group by group: group, image, split, class_name, labels_differ."""
    members = result.exact_copies.members
    names = result.images.table.loc[members["number"], NAMES].reset_index(drop=True)
    return pd.concat([members["group"], names, members["labels_differ"]], axis=1)


def near_duplicates_table(images: AuditedImages, pairs: pd.DataFrame) -> pd.DataFrame:
    """Returns the pairs, the closest first: both images with split and class, correlation, mirrored, group ..."""
    sides = [
        images.table.loc[pairs[side], NAMES].reset_index(drop=True).add_prefix(f"{side}_")
        for side in ("first", "second")
    ]
    figures = pairs[["correlation", "mirrored", "labels_differ", "group"]].round({"correlation": 4})
    return pd.concat([*sides, figures], axis=1)


def label_issues_table(images: AuditedImages, candidates: pd.DataFrame) -> pd.DataFrame:
    """Returns the doubted images, the most doubtful first, each with the suggested class and both probabilities."""
    names = images.table.loc[candidates["number"], NAMES].reset_index(drop=True)
    class_names = pd.Series(images.dataset.class_names)
    suggested = candidates["suggested"].map(class_names)
    probabilities = candidates[["label_probability", "suggested_probability"]].round(4)
    return pd.concat([names, suggested, probabilities], axis=1)
