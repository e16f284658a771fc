"""Who is on which image, read from the images' names: the same person on both sides of a split is a leak."""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from emotion_tl.data.sources.split_names import SPLITS
from emotion_tl.errors import DataError

# Random draws of which the best is taken. With many more, few people would always be drawn in the same way.
NUM_DRAWS = 20
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
    """Returns the index of images that make up about a fraction of all: whole groups, stratified by label.

    Of some random draws, each as near to the fraction as whole groups allow, the one is taken whose numbers of images
    of each class are nearest to the fraction of them.

    Args:
        labels: of the images; int, with one index for both series.
        groups: of the images, as from `group_with_copies`.
        fraction: between 0 and 1.

    Raises:
        DataError: where there are fewer than two groups.
    """
    counts = pd.crosstab(groups, labels)
    if len(counts) < 2:
        raise DataError(
            "data.person_pattern: expected three people or more without images in common, one each for train, val and "
            "test. Found fewer: look at what the pattern takes for a person, or make the splits yourself."
        )
    generator = np.random.default_rng(seed)
    draws = [draw_once(counts, fraction, generator) for _ in range(NUM_DRAWS)]
    wanted = fraction * counts.sum()
    drawn = min(draws, key=lambda drawn: (counts.loc[drawn].sum() - wanted).abs().sum())
    return labels.index[groups.isin(drawn)]


def draw_once(counts: pd.DataFrame, fraction: float, generator: np.random.Generator) -> pd.Index:
    """Returns groups in random order, so many that they are nearest to a fraction of all images; never all groups.

    Args:
        counts: number of images; a row a group, a column a class.
    """
    order = counts.index[generator.permutation(len(counts))]
    sizes = counts.loc[order].sum(axis=1).cumsum().to_numpy()
    num_drawn = 1 + int(np.argmin(np.abs(sizes[:-1] - fraction * sizes[-1])))
    return order[:num_drawn]


def count_images_of_persons(persons: pd.Series, splits: pd.Series) -> pd.DataFrame:
    """Returns the number of images that are used, int64: a row a person, a column a split."""
    return pd.crosstab(persons.rename("person"), splits).reindex(columns=list(SPLITS), fill_value=0)


def seen_before(counts: pd.DataFrame, split: str) -> pd.DataFrame:
    """Returns the rows of the persons who are in val, or test, and in a split that a model has seen before it."""
    return counts[(counts[split] > 0) & (counts[SPLITS_BEFORE[split]].sum(axis=1) > 0)]
