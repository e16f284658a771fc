"""One computation for each array, and the same rows afterwards."""

import os
import threading

import numpy as np
import pytest

from emotion_tl.caching.entry import ARRAY_FILE, META_FILE
from tests.caching.arrays import (
    NUM_ROWS,
    ROWS_AT_ONCE,
    STARTS,
    Computation,
    compute_rows,
    expected_rows,
    make_cache,
    make_recipe,
    store,
)


def test_an_array_is_computed_once_and_read_back(tmp_path):
    computation = Computation()
    first = make_cache(tmp_path).get_or_compute(make_recipe(), computation, ROWS_AT_ONCE)
    second = make_cache(tmp_path).get_or_compute(make_recipe(), computation, ROWS_AT_ONCE)
    assert computation.starts == STARTS
    for rows in (first, second):
        assert isinstance(rows, np.memmap)
        assert rows.dtype == np.float16
        np.testing.assert_array_equal(rows, expected_rows())


def test_another_recipe_is_computed_for_itself(tmp_path):
    store(tmp_path)
    computation = Computation()
    make_cache(tmp_path).get_or_compute(make_recipe("others"), computation, ROWS_AT_ONCE)
    assert computation.starts == STARTS


def test_the_number_of_rows_at_once_is_not_part_of_the_key(tmp_path):
    store(tmp_path)
    computation = Computation()
    rows = make_cache(tmp_path).get_or_compute(make_recipe(), computation, ROWS_AT_ONCE + 1)
    np.testing.assert_array_equal(rows, expected_rows())
    assert not computation.starts


@pytest.mark.parametrize("rows_at_once", [1, NUM_ROWS - 1, NUM_ROWS, 1000])
def test_chunks_of_any_size(tmp_path, rows_at_once):
    rows = make_cache(tmp_path).get_or_compute(make_recipe(), compute_rows, rows_at_once)
    np.testing.assert_array_equal(rows, expected_rows())


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_rows_of_one_number_in_any_floating_point_type(tmp_path, dtype):
    recipe = make_recipe(shape=(), dtype=dtype)
    rows = make_cache(tmp_path).get_or_compute(recipe, lambda start, stop: np.arange(start, stop) / 8, ROWS_AT_ONCE)
    assert rows.dtype == dtype
    np.testing.assert_array_equal(rows, np.arange(NUM_ROWS) / 8)


def test_rows_in_another_order_of_axes_are_read_back_in_theirs(tmp_path):
    def compute(start, stop):
        return np.asfortranarray(compute_rows(start, stop))

    rows = make_cache(tmp_path).get_or_compute(make_recipe(), compute, ROWS_AT_ONCE)
    np.testing.assert_array_equal(rows, expected_rows())


def test_rows_of_another_shape_are_refused(tmp_path):
    with pytest.raises(AssertionError, match=r"expected .*\(4, 3, 2\).*received \(4, 6\)"):
        make_cache(tmp_path).get_or_compute(
            make_recipe(), lambda start, stop: compute_rows(start, stop).reshape(-1, 6), ROWS_AT_ONCE
        )


def test_nobody_can_write_into_the_array(tmp_path):
    rows = make_cache(tmp_path).get_or_compute(make_recipe(), compute_rows, ROWS_AT_ONCE)
    with pytest.raises(ValueError, match="read-only"):
        rows[0] = 1


def test_no_entry_is_there_while_it_is_computed(tmp_path):
    key = make_recipe().key
    seen = []

    def compute(start, stop):
        seen.append((tmp_path / key).exists())
        return compute_rows(start, stop)

    make_cache(tmp_path).get_or_compute(make_recipe(), compute, ROWS_AT_ONCE)
    assert seen == [False] * 3
    assert sorted(path.name for path in (tmp_path / key).iterdir()) == [ARRAY_FILE, META_FILE]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([key, "locks"])


def test_progress_is_told_at_the_start_and_after_each_chunk(tmp_path):
    told, waited = [], []
    cache = make_cache(tmp_path)
    cache.get_or_compute(make_recipe(), compute_rows, ROWS_AT_ONCE, told.append, lambda: waited.append(True))
    assert told == [0, 4, 8, 10]
    cache.get_or_compute(make_recipe(), compute_rows, ROWS_AT_ONCE, told.append, lambda: waited.append(True))
    assert told == [0, 4, 8, 10]
    assert not waited


def test_a_person_can_read_what_an_entry_is(tmp_path):
    assert '"data": "faces"' in (store(tmp_path) / META_FILE).read_text()


def test_threads_compute_an_array_once(tmp_path):
    computation = Computation()
    cache = make_cache(tmp_path)
    found = []

    def run():
        found.append(cache.get_or_compute(make_recipe(), computation, ROWS_AT_ONCE))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert computation.starts == STARTS
    assert len(found) == 4
    for rows in found:
        np.testing.assert_array_equal(rows, expected_rows())


def test_other_users_can_read_a_shared_cache(tmp_path):
    before = os.umask(0o022)
    try:
        entry = store(tmp_path / "shared")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "shared", entry, *entry.iterdir())}
    assert modes == {"shared": 0o755, entry.name: 0o755, ARRAY_FILE: 0o644, META_FILE: 0o644}


def test_clear_removes_all_entries_and_nothing_else(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    (tmp_path / f"{'a' * 31}.txt").write_text("x")
    store(tmp_path)
    with pytest.raises(RuntimeError):
        make_cache(tmp_path).get_or_compute(make_recipe("others"), Computation(breaks_at=4), ROWS_AT_ONCE)
    cache = make_cache(tmp_path)
    size = cache.size()
    assert 2 * make_recipe().num_bytes < size < 2 * make_recipe().num_bytes + 2000
    assert cache.clear() == size
    assert cache.size() == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{'a' * 31}.txt", "locks", "thesis"]
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"


def test_clear_keeps_what_is_being_computed(tmp_path):
    store(tmp_path, make_recipe("others"))
    removed = []

    def compute(start, stop):
        removed.append(make_cache(tmp_path).clear())
        return compute_rows(start, stop)

    rows = make_cache(tmp_path).get_or_compute(make_recipe(), compute, ROWS_AT_ONCE)
    np.testing.assert_array_equal(rows, expected_rows())
    assert removed[0] > make_recipe().num_bytes
    assert removed[1:] == [0, 0]


def test_a_cache_that_was_never_used_is_empty(tmp_path):
    cache = make_cache(tmp_path / "nowhere")
    assert (cache.size(), cache.clear()) == (0, 0)
    assert not (tmp_path / "nowhere").exists()
