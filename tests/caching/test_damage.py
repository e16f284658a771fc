"""An entry that is not as it was written is found, reported and computed again."""

import json
import logging
import shutil

import numpy as np
import pytest

from emotion_tl.caching.entry import ARRAY_FILE, META_FILE, DamagedEntryError, open_entry
from tests.caching.arrays import (
    ROWS_AT_ONCE,
    STARTS,
    Computation,
    expected_rows,
    flip_bit,
    make_cache,
    make_recipe,
    store,
)


def test_every_flipped_bit_of_the_array_is_found(tmp_path):
    entry = store(tmp_path)
    path = entry / ARRAY_FILE
    for position in range(path.stat().st_size * 8):
        flip_bit(path, position)
        with pytest.raises(DamagedEntryError):
            open_entry(entry, make_recipe())
        flip_bit(path, position)
    np.testing.assert_array_equal(open_entry(entry, make_recipe()), expected_rows())


def test_a_flipped_bit_of_the_meta_file_is_found_or_changes_nothing(tmp_path):
    entry = store(tmp_path)
    path = entry / META_FILE
    num_found = 0
    positions = range(0, path.stat().st_size * 8, 7)
    for position in positions:
        flip_bit(path, position)
        try:
            np.testing.assert_array_equal(open_entry(entry, make_recipe()), expected_rows())
        except DamagedEntryError:
            num_found += 1
        flip_bit(path, position)
    # The rest is white space of the JSON.
    assert num_found > 0.9 * len(positions)


def truncate(entry, name, num_bytes):
    path = entry / name
    path.write_bytes(path.read_bytes()[:num_bytes])


def drop_checksum(entry):
    meta = json.loads((entry / META_FILE).read_text())
    (entry / META_FILE).write_text(json.dumps({**meta, "checksums": meta["checksums"][:-1]}))


DAMAGE = {
    "a flipped bit": lambda entry: flip_bit(entry / ARRAY_FILE, 8 * 200),
    "a missing row": lambda entry: truncate(entry, ARRAY_FILE, -12),
    "a byte too many": lambda entry: (entry / ARRAY_FILE).open("ab").write(b"x"),
    "an empty array": lambda entry: truncate(entry, ARRAY_FILE, 0),
    "no array": lambda entry: (entry / ARRAY_FILE).unlink(),
    "another array": lambda entry: np.save(entry / ARRAY_FILE, expected_rows().astype(np.float32)),
    "columns first": lambda entry: np.save(entry / ARRAY_FILE, np.asfortranarray(expected_rows())),
    "a pickle": lambda entry: np.save(entry / ARRAY_FILE, np.array([{}]), allow_pickle=True),
    "half a meta file": lambda entry: truncate(entry, META_FILE, 40),
    "garbage for a meta file": lambda entry: (entry / META_FILE).write_bytes(b"\xff\x00\xfe"),
    "a list for a meta file": lambda entry: (entry / META_FILE).write_text("[1, 2]"),
    "no meta file": lambda entry: (entry / META_FILE).unlink(),
    "a checksum too few": drop_checksum,
    "another entry": lambda entry: shutil.copytree(
        store(entry.parent, make_recipe("others")), entry, dirs_exist_ok=True
    ),
    "an empty folder": lambda entry: (shutil.rmtree(entry), entry.mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_entry_is_computed_again(tmp_path, caplog, damage):
    damage(store(tmp_path))
    computation = Computation()
    with caplog.at_level(logging.WARNING):
        rows = make_cache(tmp_path).get_or_compute(make_recipe(), computation, ROWS_AT_ONCE)
    np.testing.assert_array_equal(rows, expected_rows())
    assert computation.starts == STARTS
    assert [make_recipe().key in record.getMessage() for record in caplog.records] == [True]
    assert make_cache(tmp_path).get_or_compute(make_recipe(), computation, ROWS_AT_ONCE) is not None
    assert computation.starts == STARTS


def test_what_is_mapped_stays_when_a_damaged_entry_is_replaced(tmp_path):
    entry = store(tmp_path)
    rows = make_cache(tmp_path).get_or_compute(make_recipe(), Computation(), ROWS_AT_ONCE)
    (entry / META_FILE).unlink()
    store(tmp_path)
    np.testing.assert_array_equal(rows, expected_rows())
