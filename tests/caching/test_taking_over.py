"""What a computation left behind when it was broken off is used by the next one, as far as it is whole."""

import os
import time

import numpy as np
import pytest

from emotion_tl.caching.entry import ARRAY_FILE, META_FILE
from tests.caching.arrays import (
    ROWS_AT_ONCE,
    STARTS,
    Computation,
    compute_rows,
    expected_rows,
    flip_bit,
    make_cache,
    make_recipe,
    store,
)

HEADER_BYTES = 128


def break_off(folder, breaks_at=8, error=None):
    """Breaks a computation off, and returns the folder it leaves."""
    error = error or RuntimeError("broken off")
    with pytest.raises(type(error)):
        make_cache(folder).get_or_compute(make_recipe(), Computation(breaks_at, error), ROWS_AT_ONCE)
    return folder / f".computing-{make_recipe().key}"


def go_on(folder, rows_at_once=ROWS_AT_ONCE):
    """Takes a computation up, checks what comes out, and returns the starts of the chunks that were computed."""
    computation = Computation()
    rows = make_cache(folder).get_or_compute(make_recipe(), computation, rows_at_once)
    np.testing.assert_array_equal(rows, expected_rows())
    assert not (folder / f".computing-{make_recipe().key}").exists()
    return computation.starts


@pytest.mark.parametrize("error", [RuntimeError("x"), KeyboardInterrupt(), OSError("of the images"), SystemExit(1)])
def test_it_goes_on_after_the_last_whole_chunk(tmp_path, error):
    break_off(tmp_path, error=error)
    assert not (tmp_path / make_recipe().key).exists()
    assert go_on(tmp_path) == [8]


def test_progress_starts_with_what_is_there(tmp_path):
    break_off(tmp_path)
    told = []
    make_cache(tmp_path).get_or_compute(make_recipe(), compute_rows, ROWS_AT_ONCE, told.append)
    assert told == [8, 10]


def test_a_chunk_that_was_written_but_not_recorded_is_computed_again(tmp_path):
    partial = break_off(tmp_path, breaks_at=4)
    with (partial / ARRAY_FILE).open("r+b") as file:
        file.seek(HEADER_BYTES + 4 * make_recipe().row_bytes)
        file.write(b"half a chunk")
    assert go_on(tmp_path) == [4, 8]


def test_an_entry_of_which_only_the_move_is_missing_is_not_computed(tmp_path):
    store(tmp_path).rename(tmp_path / f".computing-{make_recipe().key}")
    assert go_on(tmp_path) == []


@pytest.mark.parametrize(("row", "starts"), [(0, [0, 4, 8]), (3, [0, 4, 8]), (4, [4, 8]), (7, [4, 8])])
def test_it_goes_on_before_the_first_damaged_chunk(tmp_path, row, starts):
    partial = break_off(tmp_path)
    flip_bit(partial / ARRAY_FILE, 8 * (HEADER_BYTES + row * make_recipe().row_bytes))
    assert go_on(tmp_path) == starts


@pytest.mark.parametrize(
    "damage",
    [
        lambda partial: (partial / META_FILE).unlink(),
        lambda partial: (partial / META_FILE).write_text("{"),
        lambda partial: (partial / ARRAY_FILE).unlink(),
        lambda partial: os.truncate(partial / ARRAY_FILE, 150),
        lambda partial: flip_bit(partial / ARRAY_FILE, 500),
    ],
)
def test_it_starts_anew_where_the_files_are_of_no_use(tmp_path, damage):
    damage(break_off(tmp_path))
    assert go_on(tmp_path) == STARTS


def test_it_starts_anew_with_other_borders_of_the_chunks(tmp_path):
    break_off(tmp_path)
    assert go_on(tmp_path, rows_at_once=5) == [0, 5]


def test_what_nobody_went_on_with_for_a_day_is_removed(tmp_path):
    partial = break_off(tmp_path)
    yesterday = time.time() - 25 * 3600
    os.utime(partial / META_FILE, (yesterday, yesterday))
    (tmp_path / ".removed-1").mkdir()
    store(tmp_path, make_recipe("others"))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["locks", make_recipe("others").key])


def test_what_is_to_be_gone_on_with_is_kept_however_old(tmp_path):
    partial = break_off(tmp_path)
    before = time.time() - 72 * 3600
    os.utime(partial / META_FILE, (before, before))
    assert make_cache(tmp_path).find_obstacle(make_recipe()) is None
    assert go_on(tmp_path) == [8]


def test_what_was_broken_off_today_is_kept(tmp_path):
    partial = break_off(tmp_path)
    before = time.time() - 23 * 3600
    os.utime(partial / META_FILE, (before, before))
    store(tmp_path, make_recipe("others"))
    assert go_on(tmp_path) == [8]
