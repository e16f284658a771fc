"""A cache that cannot be used says so, in one error, and leaves nothing broken."""

import logging
import os
import pickle
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from emotion_tl.caching import eviction
from emotion_tl.caching.array_cache import ArrayCache
from emotion_tl.caching.recipe import ArrayRecipe
from emotion_tl.caching.unavailable import CacheUnavailableError
from tests.caching.arrays import (
    ROWS_AT_ONCE,
    Computation,
    compute_rows,
    expected_rows,
    make_cache,
    make_recipe,
    store,
)
from tests.file_limit import file_limit

NOBODY = 65534


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        computation = Computation()
        with pytest.raises(CacheUnavailableError) as raised:
            make_cache(folder).get_or_compute(make_recipe(), computation, ROWS_AT_ONCE)
        for part in (str(folder), "cache_dir=", "trainer.cache=off"):
            assert part in str(raised.value)
        assert not computation.starts


@pytest.fixture
def foreign_cache():
    """Returns a cache with one entry that this process may read and not change; root becomes another user for it."""
    user = os.geteuid()
    # Not tmp_path, whose parents other users may not enter.
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        cache = Path(name) / "shared"
        store(cache)
        folders = [cache, *(path for path in cache.iterdir())]
        for folder in folders:
            folder.chmod(0o555)
        try:
            os.seteuid(NOBODY if user == 0 else user)
            yield cache
        finally:
            os.seteuid(user)
            for folder in folders:
                folder.chmod(0o755)


def test_a_cache_that_may_only_be_read_is_read(foreign_cache):
    rows = make_cache(foreign_cache).get_or_compute(make_recipe(), Computation(), ROWS_AT_ONCE)
    np.testing.assert_array_equal(rows, expected_rows())


def test_a_cache_that_may_only_be_read_takes_nothing_in(foreign_cache):
    computation = Computation()
    with pytest.raises(CacheUnavailableError, match="Permission denied"):
        make_cache(foreign_cache).get_or_compute(make_recipe("others"), computation, ROWS_AT_ONCE)
    assert not computation.starts


def test_a_cache_that_may_only_be_read_is_not_cleared(foreign_cache, caplog):
    with caplog.at_level(logging.WARNING):
        assert make_cache(foreign_cache).clear() == 0
    assert "could not be removed" in caplog.text
    assert make_cache(foreign_cache).size() > 0


def test_no_room_for_the_file(tmp_path):
    with file_limit(100), pytest.raises(CacheUnavailableError, match="File too large"):
        make_cache(tmp_path).get_or_compute(make_recipe(), compute_rows, ROWS_AT_ONCE)


def test_no_room_for_further_rows(tmp_path):
    with ExitStack() as limits:

        def compute(start, stop):
            if start == 4:
                limits.enter_context(file_limit(200))
            return compute_rows(start, stop)

        with pytest.raises(CacheUnavailableError, match="File too large"):
            make_cache(tmp_path).get_or_compute(make_recipe(), compute, ROWS_AT_ONCE)
    # Nothing of it keeps the disk full.
    assert [path.name for path in tmp_path.iterdir()] == ["locks"]


def recipe_of_free_disk(folder: Path, name: str, part: float) -> ArrayRecipe:
    """Returns a recipe that takes a part of what the disk has free; a row of it is 2 MiB."""
    return make_recipe(name, shape=(2**20,), num_rows=int(part * shutil.disk_usage(folder).free / 2**21) + 1)


def test_more_rows_than_the_disk_has_room_for(tmp_path):
    recipe = recipe_of_free_disk(tmp_path, "a", 1.0)
    num_free_bytes = recipe.num_bytes
    cache = ArrayCache(tmp_path, 2 * num_free_bytes)
    assert "the disk has" in cache.find_obstacle(recipe)
    computation = Computation()
    with pytest.raises(CacheUnavailableError, match="the disk has"):
        cache.get_or_compute(recipe, computation, 1)
    assert not computation.starts
    assert cache.size() == 0


def test_the_rest_of_what_another_process_computes_is_not_free(tmp_path):
    mine, others = (recipe_of_free_disk(tmp_path, name, 0.6) for name in ("a", "b"))
    messages = []

    def ask_for_room(start, stop):
        other = ArrayCache(tmp_path, 10 * mine.num_bytes)
        messages.append(other.find_obstacle(others))
        with pytest.raises(CacheUnavailableError, match="the disk has"):
            other.get_or_compute(others, Computation(), 1)
        raise RuntimeError

    cache = ArrayCache(tmp_path, 10 * mine.num_bytes)
    with pytest.raises(RuntimeError):
        cache.get_or_compute(mine, ask_for_room, 1)
    assert "the disk has" in messages[0]
    # Nobody goes on with it now.
    assert cache.find_obstacle(others) is None


def test_what_was_broken_off_gives_back_what_was_written_of_it(tmp_path):
    broken_off, large = recipe_of_free_disk(tmp_path, "a", 0.6), recipe_of_free_disk(tmp_path, "b", 1.3)
    cache = ArrayCache(tmp_path, 10 * large.num_bytes)
    with pytest.raises(RuntimeError):
        cache.get_or_compute(broken_off, Computation(breaks_at=0), 1)
    assert "the disk has" in cache.find_obstacle(large)
    assert cache.find_obstacle(broken_off) is None


def test_what_was_written_before_it_was_broken_off_needs_no_further_room(tmp_path, monkeypatch):
    recipe = make_recipe(shape=(2**16,), num_rows=40)

    def compute(start, stop):
        if start == 30:
            raise RuntimeError
        return np.ones((1, 2**16), np.float32)

    cache = make_cache(tmp_path)
    with pytest.raises(RuntimeError):
        cache.get_or_compute(recipe, compute, 1)
    # A quarter is missing.
    monkeypatch.setattr(eviction, "measure_free_bytes", lambda _: recipe.num_bytes // 2)
    assert cache.find_obstacle(recipe) is None


@pytest.mark.parametrize("number", [65_520.0, -1e6, np.inf])
def test_a_number_that_float16_cannot_hold(tmp_path, number):
    def compute(start, stop):
        rows = compute_rows(start, stop)
        rows[-1, 0, 0] = number if start == 8 else 65_504
        return rows

    with pytest.raises(CacheUnavailableError, match=r"float16 holds numbers up to 65504, received .*trainer.cache=off"):
        make_cache(tmp_path).get_or_compute(make_recipe(), compute, ROWS_AT_ONCE)
    assert make_cache(tmp_path).size() == 0
    if np.isfinite(number):
        rows = make_cache(tmp_path).get_or_compute(make_recipe(dtype="float32"), compute, ROWS_AT_ONCE)
        assert rows[-1, 0, 0] == np.float32(number)


def test_an_error_of_the_computation_stays_what_it_is(tmp_path):
    error = OSError("of the images")
    with pytest.raises(OSError, match="of the images") as raised:
        make_cache(tmp_path).get_or_compute(make_recipe(), Computation(0, error), ROWS_AT_ONCE)
    assert raised.value is error


def test_the_error_passes_from_one_process_to_another(tmp_path):
    error = CacheUnavailableError(tmp_path, "it is full", "Empty it.")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
