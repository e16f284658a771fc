"""The name of an array follows from everything that decides its content."""

import pytest

from emotion_tl.caching import recipe
from tests.caching.arrays import make_recipe

PARTS = {"weights": "1f3a", "image_size": 96, "views": ["image", "mirror"], "cut": {"block": "mixed7"}, "scale": None}


@pytest.mark.parametrize(
    "changes",
    [
        {"key_parts": {**PARTS, "weights": "1f3b"}},
        {"key_parts": {**PARTS, "image_size": 97}},
        {"key_parts": {**PARTS, "image_size": "96"}},
        {"key_parts": {**PARTS, "views": ["mirror", "image"]}},
        {"key_parts": {**PARTS, "cut": {"block": "mixed8"}}},
        {"key_parts": {**PARTS, "more": 0}},
        {"key_parts": {name: part for name, part in PARTS.items() if name != "scale"}},
        {"shape": (2, 3)},
        {"num_rows": 11},
        {"dtype": "float32"},
    ],
)
def test_the_key_depends_on_every_part(changes):
    assert make_recipe(**{"key_parts": PARTS, **changes}).key != make_recipe(key_parts=PARTS).key


def test_the_key_depends_on_the_format(monkeypatch):
    before = make_recipe().key
    monkeypatch.setattr(recipe, "CACHE_FORMAT", recipe.CACHE_FORMAT + 1)
    assert make_recipe().key != before


def test_the_key_depends_on_nothing_else():
    turned_round = dict(reversed(PARTS.items()))
    assert make_recipe(key_parts={**turned_round, "views": ("image", "mirror")}).key == make_recipe(key_parts=PARTS).key


def test_the_key_stays_the_same_between_versions():
    assert make_recipe().key == "3d42a5bff009fd7e58c433f29ded09a8"


def test_sizes():
    tiny = make_recipe(shape=(3, 2), num_rows=10)
    assert (tiny.row_bytes, tiny.num_bytes) == (12, 120)
    assert make_recipe(shape=(), dtype="float32").num_bytes == 40


def test_a_number_that_is_not_one_makes_no_key():
    with pytest.raises(ValueError, match="JSON"):
        _ = make_recipe(key_parts={"scale": float("nan")}).key


@pytest.mark.parametrize("changes", [{"num_rows": 0}, {"shape": (3, 0)}, {"dtype": "int64"}])
def test_what_no_file_can_hold_is_refused(changes):
    with pytest.raises(AssertionError, match="expected"):
        make_recipe(**changes)
