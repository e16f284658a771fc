"""Images that were changed a little, planted among others."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from emotion_tl.audit import near_duplicates
from emotion_tl.audit.findings import find_near_leaks
from emotion_tl.audit.images import look_at_images
from emotion_tl.audit.near_duplicates import describe_near_duplicates, find_similar_pairs
from emotion_tl.audit.result import audit_exactly
from emotion_tl.audit.thumbnails import THUMBNAIL_SIZE
from tests.audit.planted import IMAGE_SIZE, draw_faces, make_dataset, plain_dataset, with_images

THRESHOLD = 0.95


def audit(dataset, correlation=THRESHOLD):
    images = look_at_images(dataset)
    return describe_near_duplicates(images.table, find_similar_pairs(images, correlation), correlation)


def darker(image: np.ndarray) -> np.ndarray:
    return (image * 0.5 + 20).astype(np.uint8)


def watermarked(image: np.ndarray) -> np.ndarray:
    """Returns an image with a white line across."""
    marked = image.copy()
    marked[15] = 255
    return marked


@pytest.fixture(scope="module")
def found():
    dataset = plain_dataset()
    images = dataset.train.images
    changed = {
        30: darker(images[0]),
        31: watermarked(images[1]),
        32: images[2, :, ::-1],
        33: darker(images[4, :, ::-1]),
        # An exact copy of 5, told of elsewhere; then a near one of both.
        34: images[5],
        24: darker(images[5]),
        # Constant images are equal to nothing but themselves.
        10: np.full_like(images[0], 7),
        11: np.full_like(images[0], 200),
    }
    return audit(with_images(dataset, changed))


def test_all_that_was_planted_and_nothing_else(found):
    pairs = found.pairs.sort_values("first")
    assert pairs[["first", "second"]].to_numpy().tolist() == [[0, 30], [1, 31], [2, 32], [4, 33], [5, 24]]
    assert pairs["mirrored"].tolist() == [False, False, True, True, False]
    assert (pairs["correlation"] >= THRESHOLD).all()
    assert (pairs["correlation"] <= 1 + 1e-6).all()


def test_labels_that_differ(found):
    # The label is the number modulo 3.
    assert found.pairs.sort_values("first")["labels_differ"].tolist() == [False, False, False, True, True]
    assert found.num_conflicting_pairs == 2


def test_groups_hold_exact_copies_too(found):
    assert found.num_groups == 5
    assert found.num_images == 11
    groups = found.group_of_image
    assert groups[5] == groups[24] == groups[34]
    assert len({groups[number] for number in (0, 1, 2, 4, 5, 10, 11)}) == 7


def test_splits_leave_out_who_has_an_exact_copy(found):
    # 34 has an exact copy in train, so that its near one in val alone counts.
    assert found.between_splits["test"] == {"train": 4, "val": 1}
    assert found.between_splits["val"] == {"train": 1, "test": 1}
    assert found.between_splits["train"] == {"val": 1, "test": 4}


def test_blocks_change_nothing(found, monkeypatch):
    dataset = make_dataset(draw_faces(36), np.arange(36) % 3, ["train"] * 24 + ["val"] * 6 + ["test"] * 6)
    whole = audit(dataset, 0.3).pairs
    monkeypatch.setattr(near_duplicates, "BLOCK_SIZE", 7)
    parts = audit(dataset, 0.3).pairs
    assert len(whole) > 5
    assert whole[["first", "second", "mirrored"]].equals(parts[["first", "second", "mirrored"]])
    np.testing.assert_allclose(whole["correlation"], parts["correlation"], atol=1e-6)


def test_correlation_is_pearsons():
    images = look_at_images(plain_dataset())
    pairs = find_similar_pairs(images, 0.3)
    # The images are made of squares of 4 pixels, so that thumbnails with 3 pixels for each lose nothing.
    for first, second, correlation, mirrored in pairs.itertuples(index=False):
        one, other = images.read([first, second])[..., 0].astype(float)
        other = other[:, ::-1] if mirrored else other
        assert correlation == pytest.approx(np.corrcoef(one.ravel(), other.ravel())[0, 1], abs=1e-5)


def test_of_too_many_pairs_the_closest_stay(monkeypatch):
    images = look_at_images(plain_dataset())
    everything = find_similar_pairs(images, 0.2)
    monkeypatch.setattr(near_duplicates, "MAX_PAIRS", 5)
    monkeypatch.setattr(near_duplicates, "BLOCK_SIZE", 7)
    kept = describe_near_duplicates(images.table, find_similar_pairs(images, 0.2), 0.2)
    assert len(everything) > 10
    np.testing.assert_allclose(kept.pairs["correlation"], everything["correlation"].nlargest(5), atol=1e-6)
    assert kept.told_number() == "more than 5, of which only the closest are counted"
    assert kept.summary()["more_pairs_were_found"]
    (told, *_) = find_near_leaks(replace(audit_exactly(images.dataset), near_duplicates=kept))
    assert "almost the same: more than 5, of which only the closest are counted; " in told.text


def test_as_many_pairs_as_are_kept_are_all_there_are(monkeypatch):
    images = look_at_images(plain_dataset())
    everything = find_similar_pairs(images, 0.2)
    monkeypatch.setattr(near_duplicates, "MAX_PAIRS", len(everything))
    kept = describe_near_duplicates(images.table, find_similar_pairs(images, 0.2), 0.2)
    assert kept.told_number() == f"{len(everything)}"
    assert not kept.summary()["more_pairs_were_found"]


def test_images_without_contrast_resemble_nothing():
    dataset = plain_dataset()
    almost_grey = np.full_like(dataset.train.images[0], 7)
    almost_grey[0, 0] = 9
    brighter = almost_grey + 1
    assert audit(with_images(dataset, {3: almost_grey, 30: brighter})).pairs.empty


def test_no_more_is_held_in_memory_than_the_thumbnails_and_some_blocks(monkeypatch):
    number = 1000
    labels, splits = np.arange(number) % 3, ["train"] * (number - 6) + ["val"] * 3 + ["test"] * 3
    images = look_at_images(make_dataset(draw_faces(number), labels, splits))
    monkeypatch.setattr(near_duplicates, "BLOCK_SIZE", 100)
    monkeypatch.setattr("emotion_tl.audit.images.PIXELS_AT_ONCE", 100 * IMAGE_SIZE**2)
    tracemalloc.start()
    find_similar_pairs(images, THRESHOLD)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.5 * number * THUMBNAIL_SIZE**2 * np.dtype("float32").itemsize


def test_no_pairs_at_all():
    found = audit(plain_dataset())
    assert found.pairs.empty
    assert (found.num_groups, found.num_images) == (0, 0)
    assert found.between_splits["test"] == {"train": 0, "val": 0}
