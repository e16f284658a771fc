"""The cache stays below its limit: the least recently used entries go, those in use stay."""

import os
import threading
import time

import numpy as np
import pytest

from emotion_tl.caching.array_cache import ROOM_LOCK, ArrayCache
from emotion_tl.caching.entry import META_FILE
from emotion_tl.caching.locking import locked
from emotion_tl.caching.stored_entries import REMOVED_PREFIX, list_entries
from emotion_tl.caching.unavailable import CacheUnavailableError
from tests.caching.arrays import ROWS_AT_ONCE, STARTS, Computation, make_cache, make_recipe

# Large enough that headers and meta files do not matter.
ROWS = {"shape": (1000,), "num_rows": 10}
NUM_BYTES = 20_000
THREE_ENTRIES = 3 * NUM_BYTES + 3000


def recipe_of(name):
    return make_recipe(name, **ROWS)


def compute(start, stop):
    return np.arange(start * 1000, stop * 1000, dtype=np.float32).reshape(-1, 1000) % 1000


def store(folder, name, minutes_ago=0, size_limit=THREE_ENTRIES):
    """Stores an entry that was used some minutes ago."""
    ArrayCache(folder, size_limit).get_or_compute(recipe_of(name), compute, ROWS_AT_ONCE)
    used = time.time() - 60 * minutes_ago
    os.utime(folder / recipe_of(name).key / META_FILE, (used, used))


def names_in(folder):
    return {name for name in "abcdef" if (folder / recipe_of(name).key).exists()}


@pytest.fixture
def full(tmp_path):
    """Returns a cache in which three entries are, and no room is left."""
    for name, minutes_ago in {"a": 10, "b": 30, "c": 20}.items():
        store(tmp_path, name, minutes_ago)
    return tmp_path


def test_the_least_recently_used_entry_makes_room(full):
    store(full, "d")
    assert names_in(full) == {"a", "c", "d"}
    store(full, "e")
    assert names_in(full) == {"a", "d", "e"}


def test_what_is_needed_together_does_not_make_room_for_each_other(full):
    cache = ArrayCache(full, THREE_ENTRIES)
    assert cache.find_obstacle(recipe_of("b"), recipe_of("d")) is None
    cache.get_or_compute(recipe_of("d"), compute, ROWS_AT_ONCE)
    # The oldest is "b", which comes next.
    assert names_in(full) == {"a", "b", "d"}


def test_opening_an_entry_is_using_it(full):
    ArrayCache(full, THREE_ENTRIES).get_or_compute(recipe_of("b"), Computation(), ROWS_AT_ONCE)
    store(full, "d")
    assert names_in(full) == {"a", "b", "d"}


def test_as_many_go_as_are_needed(full):
    large = make_recipe("large", shape=(2000,), num_rows=10)
    cache = ArrayCache(full, THREE_ENTRIES)
    cache.get_or_compute(large, lambda start, stop: np.zeros((stop - start, 2000)), ROWS_AT_ONCE)
    assert names_in(full) == {"a"}
    assert cache.size() <= THREE_ENTRIES


def test_nothing_goes_where_there_is_room(full):
    store(full, "d", size_limit=THREE_ENTRIES + 2 * NUM_BYTES)
    assert names_in(full) == {"a", "b", "c", "d"}


def test_entries_that_the_instance_has_opened_stay(full):
    cache = ArrayCache(full, THREE_ENTRIES)
    cache.get_or_compute(recipe_of("b"), Computation(), ROWS_AT_ONCE)
    long_ago = time.time() - 3600
    os.utime(full / recipe_of("b").key / META_FILE, (long_ago, long_ago))
    cache.get_or_compute(recipe_of("d"), compute, ROWS_AT_ONCE)
    cache.get_or_compute(recipe_of("e"), compute, ROWS_AT_ONCE)
    assert names_in(full) == {"b", "d", "e"}
    assert "in use" in cache.find_obstacle(recipe_of("f"))
    with pytest.raises(CacheUnavailableError, match=r"in use.*cache_size_limit"):
        cache.get_or_compute(recipe_of("f"), Computation(), ROWS_AT_ONCE)
    assert names_in(full) == {"b", "d", "e"}


def test_an_entry_that_is_being_computed_stays(tmp_path):
    messages = []

    def compute_and_ask_for_room(start, stop):
        other = ArrayCache(tmp_path, NUM_BYTES + 3000)
        messages.append(other.find_obstacle(recipe_of("b")))
        with pytest.raises(CacheUnavailableError, match="in use"):
            other.get_or_compute(recipe_of("b"), compute, ROWS_AT_ONCE)
        return compute(start, stop)

    rows = ArrayCache(tmp_path, THREE_ENTRIES).get_or_compute(recipe_of("a"), compute_and_ask_for_room, ROWS_AT_ONCE)
    np.testing.assert_array_equal(rows, compute(0, 10))
    assert all("in use" in message for message in messages)
    assert names_in(tmp_path) == {"a"}


def test_what_was_broken_off_makes_room_too(tmp_path):
    with pytest.raises(RuntimeError):
        ArrayCache(tmp_path, THREE_ENTRIES).get_or_compute(recipe_of("a"), Computation(breaks_at=0), ROWS_AT_ONCE)
    store(tmp_path, "b", size_limit=NUM_BYTES + 3000)
    assert not list(tmp_path.glob(".computing-*"))


def test_an_entry_is_seen_while_its_description_is_replaced(tmp_path):
    with pytest.raises(RuntimeError):
        ArrayCache(tmp_path, THREE_ENTRIES).get_or_compute(recipe_of("a"), Computation(breaks_at=0), ROWS_AT_ONCE)
    (folder,) = tmp_path.glob(".computing-*")
    # A file that is listed, and gone when it is looked at.
    (folder / f"partial.{META_FILE}").symlink_to("nowhere")
    (entry,) = list_entries(tmp_path)
    assert not entry.is_finished
    assert NUM_BYTES < entry.num_bytes < NUM_BYTES + 2000


def test_what_was_broken_off_is_not_counted_twice_when_it_goes_on(tmp_path):
    with pytest.raises(RuntimeError):
        ArrayCache(tmp_path, THREE_ENTRIES).get_or_compute(recipe_of("a"), Computation(breaks_at=0), ROWS_AT_ONCE)
    store(tmp_path, "a", size_limit=NUM_BYTES + 1000)
    assert names_in(tmp_path) == {"a"}


def test_an_array_that_is_mapped_outlives_its_entry(full):
    rows = ArrayCache(full, THREE_ENTRIES).get_or_compute(recipe_of("a"), Computation(), ROWS_AT_ONCE)
    for name in "def":
        store(full, name)
    assert names_in(full) == {"d", "e", "f"}
    np.testing.assert_array_equal(rows, compute(0, 10))


def test_an_array_above_the_limit_has_no_place(tmp_path):
    cache = ArrayCache(tmp_path, NUM_BYTES - 1)
    assert "the limit is 1.86e-05 GiB" in cache.find_obstacle(recipe_of("a"))
    computation = Computation()
    with pytest.raises(CacheUnavailableError, match=r"Raise trainer\.cache_size_limit"):
        cache.get_or_compute(recipe_of("a"), computation, ROWS_AT_ONCE)
    assert not computation.starts
    assert cache.size() == 0


def test_nothing_goes_for_an_array_that_has_no_place(full):
    with pytest.raises(CacheUnavailableError):
        store(full, "d", size_limit=NUM_BYTES - 1)
    assert names_in(full) == {"a", "b", "c"}


def test_an_array_that_fits_or_is_there_meets_no_obstacle(full):
    assert ArrayCache(full, THREE_ENTRIES).find_obstacle(recipe_of("d")) is None
    assert ArrayCache(full / "nowhere", THREE_ENTRIES).find_obstacle(recipe_of("d")) is None
    assert ArrayCache(full, 0).find_obstacle(recipe_of("a")) is None


def test_what_a_killed_removal_left_is_removed_before_room_is_looked_for(full):
    leftover = full / f"{REMOVED_PREFIX}0"
    leftover.mkdir()
    (leftover / "array.npy").write_bytes(bytes(NUM_BYTES))
    assert ArrayCache(full, THREE_ENTRIES).find_obstacle(recipe_of("d")) is None
    assert not leftover.exists()


def test_room_is_made_by_one_process_at_a_time(tmp_path):
    computation = Computation()
    arguments = (make_recipe(), computation, ROWS_AT_ONCE)
    thread = threading.Thread(target=make_cache(tmp_path).get_or_compute, args=arguments)
    with locked(tmp_path, ROOM_LOCK):
        thread.start()
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob(".computing-*")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        # It would compute in this time if it did not wait for the lock.
        thread.join(timeout=0.3)
        assert not computation.starts
    thread.join()
    assert computation.starts == STARTS
