"""Equal pixels, planted across splits and labels."""

from dataclasses import replace

import pytest

from emotion_tl.audit.exact_copies import find_exact_copies
from emotion_tl.audit.images import look_at_images
from tests.audit.planted import CLASSES, plain_dataset, with_images


@pytest.fixture(scope="module")
def copies():
    # Rows 0..23 are train, 24..29 val, 30..35 test; the label is the row modulo 3.
    dataset = plain_dataset()
    images = dataset.train.images
    planted = {3: images[0], 6: images[0], 24: images[1], 31: images[1], 30: images[0], 35: images[25]}
    return find_exact_copies(look_at_images(with_images(dataset, planted)).table, CLASSES)


def test_groups_and_redundant_copies(copies):
    # {0, 3, 6, 30}, {1, 24, 31} and {25, 35}.
    assert (copies.num_groups, copies.num_redundant_copies, copies.num_unique_images) == (3, 6, 30)
    assert copies.members["number"].tolist() == [0, 3, 6, 30, 1, 24, 31, 25, 35]
    assert copies.members["group"].tolist() == [0, 0, 0, 0, 1, 1, 1, 2, 2]


def test_groups_with_different_labels(copies):
    # 24 is angry as 1 and 31 are happy; 35 is sad as 25 is happy.
    assert copies.num_conflicting_groups == 2
    assert copies.members.groupby("group")["labels_differ"].agg(list).tolist() == [[False] * 4, [True] * 3, [True] * 2]


def test_pairs_of_splits(copies):
    assert copies.between_splits == {
        "train": {"val": 1, "test": 4},
        "val": {"train": 1, "test": 2},
        "test": {"train": 2, "val": 2},
    }
    assert copies.num_leak_free_images == {"val": 5, "test": 3}


def test_share_of_each_class_of_test(copies):
    # Test has two images of each class; 30 and 31 stand in train, 31 and 35 in val.
    assert copies.by_class["train"].to_dict() == {"angry": 0.5, "happy": 0.5, "sad": 0}
    assert copies.by_class["val"].to_dict() == {"angry": 0, "happy": 0.5, "sad": 0.5}


def test_nothing_is_found_where_nothing_is(copies):
    found = find_exact_copies(look_at_images(plain_dataset()).table, CLASSES)
    assert (found.num_groups, found.num_conflicting_groups, found.num_redundant_copies) == (0, 0, 0)
    assert found.num_leak_free_images == {"val": 6, "test": 6}
    assert found.members.empty


def test_pixels_are_known_by_the_hashes_of_packing():
    dataset = plain_dataset()
    known = replace(dataset.val, pixel_hashes=dataset.train.pixel_hashes[:6])
    copies = find_exact_copies(look_at_images(replace(dataset, val=known)).table, CLASSES)
    assert copies.between_splits["val"]["train"] == 6
