"""The parts of a report about copies, exact and near."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
import pandas as pd

from emotion_tl.audit.images import AuditedImages
from emotion_tl.audit.near_duplicates import NearDuplicates
from emotion_tl.audit.report_rows import to_rows
from emotion_tl.audit.result import AuditResult
from emotion_tl.data.sources.split_names import SPLITS
from emotion_tl.html_report.blocks import Block, Column, DataTable, ImageGrid, Paragraph, Section

GAP = 2  # pixels of white between the two images of a pair


def exact_copies_section(result: AuditResult, num_images: int) -> Section:
    """Returns the images of equal pixels: across splits, by class, and where their labels differ."""
    copies = result.exact_copies
    if copies.members.empty:
        return Section("Exact copies", [Paragraph("All images are different.")])
    blocks: list[Block] = [
        Paragraph(
            f"{copies.num_groups:,} groups of identical images hold {copies.num_redundant_copies:,} redundant copies; "
            f"{copies.num_unique_images:,} images are different. {copies.num_leak_free_images['test']:,} test images "
            "stand neither in train nor in val: on these the leak-free score is measured."
        ),
        between_splits_table(copies.between_splits, result.counts.sum(), "Images with an exact copy in another split"),
        shares_table(copies.by_class),
    ]
    if copies.num_conflicting_groups:
        blocks.append(contradictions_grid(result, num_images))
    return Section("Exact copies", blocks)


def near_duplicates_section(result: AuditResult, num_images: int) -> Section:
    """Returns the images that show almost the same; no blocks where they were not looked for."""
    near = result.near_duplicates
    if near is None:
        return Section("Near duplicates")
    if near.pairs.empty:
        return Section("Near duplicates", [Paragraph(f"No two thumbnails correlate at {near.correlation:g} or more.")])
    caption = "Images with a near duplicate, and no exact copy, in another split"
    blocks: list[Block] = [
        Paragraph(
            f"Pairs: {near.told_number()}. They hang together in {near.num_groups:,} groups of {near.num_images:,} "
            "images, exact copies included. Near duplicates across splits are leaks too, and no setting removes them: "
            "whether two photographs are the same is for a person to judge."
        ),
        between_splits_table(near.between_splits, result.counts.sum(), caption),
    ]
    galleries = pair_galleries(result.images, near, num_images // 2)
    blocks += [pairs_grid(result.images, pairs, title) for title, pairs in galleries if len(pairs)]
    return Section("Near duplicates", blocks)


def pair_galleries(images: AuditedImages, near: NearDuplicates, num_pairs: int) -> Iterable[tuple[str, pd.DataFrame]]:
    """Yields pairs to look at, each kind with its title; of each as many as asked for at most."""
    splits = images.table["split"]
    first, second = (splits.loc[near.pairs[side]].to_numpy() for side in ("first", "second"))
    across = near.pairs[first != second]
    # The closest pairs tell nothing that exact copies do not; those in the middle show what is found.
    spread = np.linspace(0, len(across) - 1, min(num_pairs, len(across))).astype(int)
    yield "Across splits, from the closest to the least close", across.iloc[spread]
    yield "With different labels", near.pairs[near.pairs["labels_differ"]].head(num_pairs)
    yield "Mirrored (the second is shown turned back)", near.pairs[near.pairs["mirrored"]].head(num_pairs)
    yield (
        f"The least close: do these pairs still belong together? If not, raise near_duplicate_correlation above "
        f"{near.correlation:g}",
        near.pairs.tail(num_pairs),
    )


def pairs_grid(images: AuditedImages, pairs: pd.DataFrame, caption: str) -> ImageGrid:
    """Returns pairs side by side, with their correlation and where they stand."""
    first, second = images.read(pairs["first"]), images.read(pairs["second"])
    is_mirrored = pairs["mirrored"].to_numpy()
    second[is_mirrored] = second[is_mirrored, :, ::-1]
    white = np.full_like(first[:, :, :GAP], 255)
    labels = [
        f"{pair['correlation']:.3f}{', mirrored' if pair['mirrored'] else ''}: {where(images, pair['first'])} | "
        f"{where(images, pair['second'])}"
        for pair in to_rows(pairs)
    ]
    return ImageGrid(np.concatenate([first, white, second], axis=2), labels, caption, shown_width=160)


def where(images: AuditedImages, number: int) -> str:
    """Returns split and class of an image."""
    row = images.table.loc[number]
    return f"{row['split']} {row['class_name']}"


def contradictions_grid(result: AuditResult, num_images: int) -> ImageGrid:
    """Returns one image of each group whose labels differ, with where all of them stand."""
    members, images = result.exact_copies.members, result.images
    # Of constant images there is nothing to see, and they are told of elsewhere.
    with_a_face = ~images.table.loc[members["number"], "is_constant"].to_numpy()
    groups = members[members["labels_differ"] & with_a_face].groupby("group")["number"].agg(list).head(num_images)
    labels = [where_all(images, numbers) for numbers in groups]
    caption = (
        f"Identical images with different labels: {len(groups):,} of {result.exact_copies.num_conflicting_groups:,}"
    )
    return ImageGrid(images.read([numbers[0] for numbers in groups]), labels, f"{caption} groups", shown_width=96)


def where_all(images: AuditedImages, numbers: list[int]) -> str:
    """Returns split and class of several images, each with how many there are of it."""
    counts = Counter(where(images, number) for number in numbers)
    return ", ".join(f"{count} × {place}" if count > 1 else place for place, count in counts.items())


def between_splits_table(between: dict[str, dict[str, int]], sizes: pd.Series, caption: str) -> DataTable:
    """Returns how many images of each split have a counterpart in each other one."""
    rows = [{"split": split, "size": int(sizes[split])} | between[split] for split in SPLITS]
    columns = [Column("images of", lambda row: row["split"])]
    columns += [counterparts_column(split) for split in SPLITS]
    return DataTable(rows, columns, caption)


def counterparts_column(split: str) -> Column:
    """Returns a column with the images of a row that have a counterpart in a split."""
    return Column(
        f"in {split}",
        lambda row: f"{row[split]:,} ({row[split] / row['size']:.1%})" if split in row else None,
        lambda row: row.get(split, float("nan")),
    )


def shares_table(by_class: pd.DataFrame) -> DataTable:
    """Returns the share of the test images of each class that have an exact copy elsewhere."""
    columns = [Column("test images of class", lambda row: row["class"])]
    columns += [share_column(f"with a copy in {split}", str(split)) for split in by_class]
    return DataTable(to_rows(by_class, "class"), columns, "Copies of test images, by class")


def share_column(heading: str, key: str) -> Column:
    """Returns a column of shares in percent."""
    return Column(heading, lambda row: f"{row[key]:.1%}", lambda row: row[key])
