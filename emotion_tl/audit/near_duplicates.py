"""Images that show almost the same: the same photograph cut, scaled, lit, watermarked or mirrored in another way.

Two images are near duplicates where the correlation of their thumbnails reaches a threshold. A thumbnail is the grey
image shrunk to 24 pixels; correlation takes no notice of brightness and contrast. Each image is compared with every
other one and with its mirror image. The cost grows with the square of the number of images: 36,000 take 20 s on two
cores, twice as many four times as long.

Images of equal pixels count as one here and are told of elsewhere. Images without contrast correlate with nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from emotion_tl.audit.exact_copies import copies_in_splits, count_between_splits
from emotion_tl.audit.images import AuditedImages
from emotion_tl.audit.thumbnails import THUMBNAIL_SIZE, make_thumbnails
from emotion_tl.data.progress import track
from emotion_tl.data.sources.split_names import SPLITS

# Grey levels of standard deviation below which a thumbnail holds rounding and compression rather than a picture.
MIN_CONTRAST = 1.0
# Images compared at once: a square block of so many rows takes 16 MB.
BLOCK_SIZE = 2048
# Pairs that are counted. Frames of a video may all resemble each other; of more pairs only the closest stay.
MAX_PAIRS = 2_000_000

PAIR_COLUMNS = ("first", "second", "correlation", "mirrored")
# Of a correlation that is rounded where it is summed.
TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class NearDuplicates:
    """Images that show almost the same.

    Attributes:
        correlation: the threshold.
        is_cut_off: whether more than `MAX_PAIRS` pairs were found, of which all figures leave out the least close.
        num_mirrored_pairs: pairs that resemble each other more closely after one of them was mirrored.
        num_conflicting_pairs: pairs that carry different labels.
        num_groups: groups of images that hang together through pairs.
        num_images: in those groups, with the exact copies of their members.
        between_splits: between_splits[a][b] images of split a have a near duplicate, and no exact copy, in split b.
        pairs: the pairs, the closest first; columns first and second (numbers of images, the smaller one first),
            correlation, mirrored (bool), labels_differ (bool), group (from 0).
        group_of_image: int64 (num_images of the data set,): exact and near duplicates share a number.
    """

    correlation: float
    is_cut_off: bool
    num_mirrored_pairs: int
    num_conflicting_pairs: int
    num_groups: int
    num_images: int
    between_splits: dict[str, dict[str, int]]
    pairs: pd.DataFrame = field(repr=False)
    group_of_image: np.ndarray = field(repr=False)

    def told_number(self) -> str:
        """Returns how many pairs there are, in words where not all of them are counted."""
        if self.is_cut_off:
            return f"more than {len(self.pairs):,}, of which only the closest are counted"
        return f"{len(self.pairs):,}"

    def summary(self) -> dict[str, Any]:
        """Returns the figures, for JSON."""
        return {
            "correlation": self.correlation,
            "num_pairs": len(self.pairs),
            "more_pairs_were_found": self.is_cut_off,
            "num_mirrored_pairs": self.num_mirrored_pairs,
            "num_conflicting_pairs": self.num_conflicting_pairs,
            "num_groups": self.num_groups,
            "num_images": self.num_images,
            "between_splits": self.between_splits,
        }


def find_similar_pairs(images: AuditedImages, correlation: float) -> pd.DataFrame:
    """Compares all images of different pixels, with a progress bar.

    Returns:
        Pairs at or above the correlation, columns `PAIR_COLUMNS`, the closest first: at most one more than `MAX_PAIRS`,
        which tells that not all are there.
    """
    numbers = np.flatnonzero(~images.table["pixel_hash"].duplicated() & ~images.table["is_constant"])
    vectors = standardized_thumbnails(images, numbers)
    found, num_found = [pd.DataFrame({name: [] for name in PAIR_COLUMNS})], 0
    blocks = list(block_pairs(len(numbers)))
    for rows, columns in track(blocks, len(blocks), "Comparing blocks of images"):
        pairs = pairs_of_block(vectors[rows], vectors[columns], correlation, rows == columns)
        if pairs.empty:
            continue
        found.append(pairs.assign(first=numbers[rows][pairs["first"]], second=numbers[columns][pairs["second"]]))
        num_found += len(pairs)
        if num_found > 2 * MAX_PAIRS:
            found = [closest_pairs(found)]
            num_found = len(found[0])
    return closest_pairs(found).astype({"first": "int64", "second": "int64", "mirrored": bool})


def closest_pairs(found: list[pd.DataFrame]) -> pd.DataFrame:
    """Returns the closest pairs first, at most one more than `MAX_PAIRS`."""
    whole = pd.concat([pairs for pairs in found if len(pairs)] or found)
    return whole.sort_values("correlation", ascending=False, kind="stable").head(MAX_PAIRS + 1)


def standardized_thumbnails(images: AuditedImages, numbers: np.ndarray) -> np.ndarray:
    """Returns thumbnails as vectors of mean 0 and length 1, whose dot product is their correlation.

    Returns:
        float32 (n, pixels of a thumbnail); those without contrast are 0, so that they correlate with nothing.
    """
    vectors = make_thumbnails(images, numbers).reshape(len(numbers), -1)
    # Part by part and in place: those of 500,000 images take 1.2 GB.
    for part in stretches(len(vectors)):
        vectors[part] -= vectors[part].mean(axis=1, keepdims=True)
        lengths = np.linalg.norm(vectors[part], axis=1, keepdims=True)
        has_contrast = lengths >= MIN_CONTRAST * THUMBNAIL_SIZE
        vectors[part] = np.divide(vectors[part], lengths, out=np.zeros_like(vectors[part]), where=has_contrast)
    return vectors


def mirror(vectors: np.ndarray) -> np.ndarray:
    """Returns the vectors of the mirror images: the same numbers in another order."""
    thumbnails = vectors.reshape(-1, THUMBNAIL_SIZE, THUMBNAIL_SIZE)
    return thumbnails[:, :, ::-1].reshape(vectors.shape)


def stretches(num_images: int) -> list[slice]:
    """Returns the parts of `BLOCK_SIZE` into which images are cut."""
    return [slice(start, min(start + BLOCK_SIZE, num_images)) for start in range(0, num_images, BLOCK_SIZE)]


def block_pairs(num_images: int) -> Iterator[tuple[slice, slice]]:
    """Yields two stretches of images to be compared with each other, so that each pair of images comes once."""
    parts = stretches(num_images)
    for position, rows in enumerate(parts):
        for columns in parts[position:]:
            yield rows, columns


def pairs_of_block(rows: np.ndarray, columns: np.ndarray, correlation: float, is_diagonal: bool) -> pd.DataFrame:
    """Returns the pairs that reach a correlation: first and second are positions in rows and columns.

    Args:
        is_diagonal: rows and columns are the same images, of which each pair is wanted once.
    """
    straight, mirrored = rows @ columns.T, rows @ mirror(columns).T
    # A symmetric face resembles another one either way: the better way counts.
    closest = np.maximum(straight, mirrored)
    first, second = np.nonzero(closest >= correlation - TOLERANCE)
    if is_diagonal:
        first, second = first[first < second], second[first < second]
    return pd.DataFrame(
        {
            "first": first,
            "second": second,
            "correlation": closest[first, second].astype(float),
            "mirrored": mirrored[first, second] > straight[first, second],
        }
    )


def describe_near_duplicates(table: pd.DataFrame, pairs: pd.DataFrame, correlation: float) -> NearDuplicates:
    """Groups similar pairs and counts them.

    Args:
        table: columns pixel_hash, split and label, as in `AuditedImages`.
        pairs: as `find_similar_pairs` returns them.
    """
    is_cut_off, pairs = len(pairs) > MAX_PAIRS, pairs.head(MAX_PAIRS)
    pixels, _ = pd.factorize(table["pixel_hash"])
    links = link_images(pixels, pairs)
    _, component_of_pixels = connected_components(links, directed=False)
    groups = component_of_pixels[pixels]
    first, second = pairs["first"].to_numpy(), pairs["second"].to_numpy()
    labels = table["label"].to_numpy()
    numbered, _ = pd.factorize(groups[first])
    described = pairs.assign(labels_differ=labels[first] != labels[second], group=numbered)
    return NearDuplicates(
        correlation=correlation,
        is_cut_off=is_cut_off,
        num_mirrored_pairs=int(described["mirrored"].sum()),
        num_conflicting_pairs=int(described["labels_differ"].sum()),
        num_groups=int(described["group"].nunique()),
        num_images=int(np.isin(groups, groups[first]).sum()),
        between_splits=count_near_between_splits(table, pixels, links),
        pairs=described.sort_values(["correlation", "first"], ascending=[False, True], ignore_index=True),
        group_of_image=groups,
    )


def link_images(pixels: np.ndarray, pairs: pd.DataFrame) -> csr_array:
    """Returns a symmetric matrix (num_different_images, num_different_images) that is not 0 for similar ones."""
    first, second = pixels[pairs["first"]], pixels[pairs["second"]]
    size = int(pixels.max()) + 1
    ends = (np.concatenate([first, second]), np.concatenate([second, first]))
    return coo_array((np.ones(len(ends[0]), dtype=np.int32), ends), shape=(size, size)).tocsr()


def count_near_between_splits(table: pd.DataFrame, pixels: np.ndarray, links: csr_array) -> dict[str, dict[str, int]]:
    """Returns for two splits a and b how many images of a have a near duplicate in b and no exact one."""
    exact = copies_in_splits(table)
    stands_in = exact[~table["pixel_hash"].duplicated()].to_numpy(dtype=np.int32)
    near = pd.DataFrame((links @ stands_in)[pixels] > 0, columns=list(SPLITS), index=table.index)
    return count_between_splits(table, near & ~exact)
