"""The real FER-2013, where it is at hand: an audit finds exactly what is known of it."""

from dataclasses import replace

import pytest

from emotion_tl.audit.audit import look_for_near_duplicates
from emotion_tl.audit.kept_parts import KeptParts
from emotion_tl.audit.remedies import try_remedies
from emotion_tl.audit.result import audit_exactly
from emotion_tl.audit.source_files import read_source_files
from emotion_tl.config import DataConfig
from emotion_tl.data.dataset import load_dataset
from tests.data.test_fer2013 import shared_fer2013


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def config():
    path = shared_fer2013()
    if not path.is_file():
        pytest.skip(f"the real FER-2013 is not at {path}; name its folder with EMOTION_TL_SHARED")
    return DataConfig(name="fer2013", source="fer2013", path=str(path), image_size=48)


@pytest.fixture(scope="module")
def result(config, cache):
    return audit_exactly(load_dataset(config, cache))


def test_counts_of_each_class_and_split(result):
    assert {split: column.tolist() for split, column in result.counts.items()} == {
        "train": [3995, 436, 4097, 7215, 4965, 4830, 3171],
        "val": [467, 56, 496, 895, 607, 653, 415],
        "test": [491, 55, 528, 879, 626, 594, 416],
    }


def test_different_images_and_copies(result):
    copies = result.exact_copies
    assert len(result.images) == 35_887
    assert copies.num_unique_images == 34_034
    assert (copies.num_groups, copies.num_redundant_copies) == (1_516, 1_853)


def test_copies_across_splits(result):
    between = result.exact_copies.between_splits
    assert between["test"] == {"train": 288, "val": 44}
    assert between["val"]["train"] == 280
    assert result.exact_copies.num_leak_free_images["test"] == 3_275
    sizes = result.counts.sum()
    assert f"{between['test']['train'] / sizes['test']:.1%}" == "8.0%"
    assert f"{between['val']['train'] / sizes['val']:.1%}" == "7.8%"


def test_classes_whose_test_images_were_seen_most(result):
    shares = result.exact_copies.by_class["train"]
    assert f"{shares['surprise']:.1%}" == "28.4%"
    assert f"{shares['disgust']:.1%}" == "29.1%"


def test_copies_with_different_labels_and_constant_images(result):
    assert result.exact_copies.num_conflicting_groups == 57
    assert len(result.constant_images) == 12


def test_what_a_run_knows_of_copies_is_what_the_audit_counts(result):
    leak_free = result.exact_copies.num_leak_free_images
    for split in (result.dataset.val, result.dataset.test):
        assert int((~split.has_copy).sum()) == leak_free[split.name]


def test_files(config):
    assert read_source_files(config).summary() == {
        "num_files": 35_887,
        "num_sizes": 1,
        "most_frequent_sizes": {"48 x 48": 35_887},
        "smallest_side": 48,
        "largest_side": 48,
        "num_not_square": 0,
        "num_enlarged": 0,
        "modes": {"L": 35_887},
        "formats": {"JPEG": 35_887},
    }


def test_after_cleaning_no_copy_is_left_but_within_test(config, cache):
    dropped, cleaned = try_remedies(config, cache)
    assert dropped.left_out["test"].sum() == cleaned.left_out["test"].sum() == 0
    left = audit_exactly(load_dataset(replace(config, dedup="clean"), cache)).exact_copies
    assert left.num_leak_free_images["test"] == 3_589
    assert left.between_splits["train"] == {"val": 0, "test": 0}


@pytest.mark.slow
def test_near_duplicates(result, cache):
    near = look_for_near_duplicates(result, KeptParts(cache, result.dataset), 0.95)
    # Sums of floating point numbers: a pair at the very threshold may fall on either side.
    assert len(near.pairs) == pytest.approx(1_619, abs=3)
    assert near.between_splits["test"]["train"] == pytest.approx(176, abs=2)
