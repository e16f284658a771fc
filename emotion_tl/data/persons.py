"""Who is on which image, read from the images' names: the same person on both sides of a split is a leak."""

import warnings

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold

from emotion_tl.data.sources.split_names import SPLITS
from emotion_tl.errors import DataError

# Parts into which people are dealt; a split gets a whole number of these.
MOST_PARTS = 20
# What a model has seen when it comes to a split.
SPLITS_BEFORE = {"val": ["train"], "test": ["train", "val"]}


def find_persons(images: pd.Series, pattern: str) -> pd.Series:
    """Returns who is on each image: what the group of the pattern finds in its name, str (n,).

    Args:
        images: name of each image in its source.
        pattern: a regular expression with one group.

    Raises:
        DataError: where the pattern finds nobody in some of the names.
    """
    persons = images.str.extract(pattern, expand=False)
    unnamed = images[persons.isna() | (persons == "")]
    if len(unnamed):
        raise DataError(
            f"data.person_pattern={pattern}: expected to find who is on each image in its name. Nobody is found in "
            f"{len(unnamed):,} of {len(images):,} names, the first {unnamed.iloc[0]}. The group in parentheses is the "
            r"person, as in '([^/]+)_\d+\.\w+$' for happy/anna_12.jpg, or '^[^/]+/([^/]+)/' for happy/anna/12.jpg."
        )
    return persons


def group_with_copies(persons: pd.Series, pixel_hashes: pd.Series) -> pd.Series:
    """Returns the group of each image: persons who share an identical image, under whatever names, are one group."""
    person_codes, person_names = pd.factorize(persons)
    hash_codes, hashes = pd.factorize(pixel_hashes)
    num_nodes = len(person_names) + len(hashes)
    edges = (np.ones(len(persons), dtype=bool), (person_codes, len(person_names) + hash_codes))
    _, groups = connected_components(coo_array(edges, shape=(num_nodes, num_nodes)), directed=False)
    return pd.Series(groups[person_codes], index=persons.index)


def draw_groups(labels: pd.Series, groups: pd.Series, fraction: float, seed: int) -> pd.Index:
    """Returns the index of the images of whole groups that make up about a fraction of all, stratified by label.

    Args:
        labels: of the images; int, with one index for both series.
        groups: of the images, as from `group_with_copies`.
        fraction: between 0 and 1.

    Raises:
        DataError: where there are fewer than two groups.
    """
    num_groups = groups.nunique()
    if num_groups < 2:
        raise DataError(
            "data.person_pattern: expected three people or more without images in common, one each for train, val and "
            "test. Found fewer: look at what the pattern takes for a person, or make the splits yourself."
        )
    # No more parts than the largest class has images, or scikit-learn refuses.
    num_parts = min(MOST_PARTS, num_groups, max(2, labels.value_counts().max()))
    parts = StratifiedGroupKFold(num_parts, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # It warns of a class with fewer images than parts; a class that a split lacks is told of by `load_dataset`.
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        dealt = [part for _, part in parts.split(labels, labels, groups)]
    # One is left at least. The parts are of unequal size, since people are.
    sizes = np.cumsum([len(part) for part in dealt[:-1]])
    num_drawn = 1 + int(np.argmin(np.abs(sizes - fraction * len(labels))))
    return labels.index[np.sort(np.concatenate(dealt[:num_drawn]))]


def count_images_of_persons(persons: pd.Series, splits: pd.Series) -> pd.DataFrame:
    """Returns the number of images that are used, int64: a row a person, a column a split."""
    return pd.crosstab(persons.rename("person"), splits).reindex(columns=list(SPLITS), fill_value=0)


def seen_before(counts: pd.DataFrame, split: str) -> pd.DataFrame:
    """Returns the rows of the persons who are in val, or test, and in a split that a model has seen before it."""
    return counts[(counts[split] > 0) & (counts[SPLITS_BEFORE[split]].sum(axis=1) > 0)]
