"""Keeps images or activations on the device and feeds the network their numbers, where they are small enough for that.

Neither a copy from the host nor a conversion is then left in a step, on any backend.
"""

from collections.abc import Callable
from dataclasses import replace

import keras
import numpy as np

from emotion_tl.training.rows import Rows

# On a CPU this is a copy in memory, on a GPU a small share of what it has.
LARGEST_RESIDENT_BYTES = 2**30


class RowLookup(keras.layers.Layer):
    """Turns row numbers, int32 (batch,), into the rows of a table that stays on the device."""

    def __init__(self, table: np.ndarray, dtype: str):
        """Takes the table (rows, ...) and the dtype in which its rows are handed on."""
        super().__init__(name="row_lookup", trainable=False)
        self.row_dtype = dtype
        self.table = self.add_weight(
            shape=table.shape,
            dtype=table.dtype.name,
            initializer=lambda _, dtype: keras.ops.convert_to_tensor(table, dtype),
            trainable=False,
            # Mixed precision would otherwise read the table in its own precision.
            autocast=False,
            name="table",
        )

    def call(self, rows):
        """Returns the rows."""
        return keras.ops.cast(keras.ops.take(self.table, rows, axis=0), self.row_dtype)


def are_small(rows: tuple[Rows, ...]) -> bool:
    """Returns whether all these rows together may stay on the device."""
    return sum(each.num_bytes for each in rows) <= LARGEST_RESIDENT_BYTES


def put_on_device(rows: tuple[Rows, ...], dtype: str) -> tuple[keras.Model, tuple[Rows, ...]]:
    """Puts rows on the device.

    Args:
        dtype: in which the network takes them.

    Returns:
        A model that turns numbers into rows, and rows that read as their numbers.
    """
    numbers = keras.Input((), dtype="int32", name="row")
    lookup = RowLookup(np.concatenate([each.read_all() for each in rows]), dtype)
    numbered, offset = [], 0
    for each in rows:
        numbered.append(replace(each, read=add_offset(offset)))
        offset += each.num_views * len(each)
    return keras.Model(numbers, lookup(numbers), name="rows"), tuple(numbered)


def add_offset(offset: int) -> Callable[[np.ndarray], np.ndarray]:
    """Returns the function that turns row numbers of a split into row numbers of the table."""
    return lambda rows: (rows + offset).astype(np.int32)
