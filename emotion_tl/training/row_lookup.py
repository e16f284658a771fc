"""Keeps images or activations on the device and feeds the network their numbers, where they are small enough for that.

Neither a copy from the host nor a conversion is then left in a step, on any backend.
"""

from collections.abc import Callable
from dataclasses import replace

import keras
import numpy as np

from emotion_tl.runtime import find_device
from emotion_tl.training.rows import Rows

# On a CPU this is a copy in memory, on a GPU a small share of what it has.
LARGEST_RESIDENT_BYTES = 2**29


class RowLookup(keras.layers.Layer):
    """Turns row numbers, int32 (batch,), into the rows of a table that stays on the device."""

    def __init__(self, table: keras.Variable, dtype: str):
        """Takes the table (rows, ...), which several of these may share, and the dtype in which rows are handed on."""
        super().__init__(name="row_lookup", trainable=False)
        self.table = table
        self.row_dtype = dtype

    def call(self, rows):
        """Returns the rows."""
        return keras.ops.cast(keras.ops.take(self.table, rows, axis=0), self.row_dtype)


def are_small(rows: tuple[Rows, ...]) -> bool:
    """Returns whether all these rows together may stay on the device."""
    stored = rows[0].read(np.array([0])).dtype
    widening = np.dtype(table_dtype(stored.name)).itemsize / stored.itemsize
    return widening * sum(each.num_bytes for each in rows) <= LARGEST_RESIDENT_BYTES


def put_on_device(rows: tuple[Rows, ...]) -> tuple[keras.Variable, tuple[Rows, ...]]:
    """Returns a table of all rows, one after the other, and rows that read as their numbers in it."""
    lengths = [each.num_views * len(each) for each in rows]
    first = rows[0].read(np.array([0]))
    table = np.empty((sum(lengths), *first.shape[1:]), table_dtype(first.dtype.name))
    numbered, offset = [], 0
    for each, length in zip(rows, lengths, strict=True):
        each.read_into(table[offset : offset + length])
        numbered.append(replace(each, read=add_offset(offset)))
        offset += length
    # Not autocast: mixed precision would otherwise read the table in its own precision.
    return keras.Variable(table, dtype=table.dtype.name, trainable=False, autocast=False, name="rows"), tuple(numbered)


def table_dtype(dtype: str) -> str:
    """Returns the dtype in which rows lie on the device.

    TensorFlow looks nothing up in uint8 on a GPU: it would copy the table to the host in each step. float16 holds the
    whole numbers from 0 to 255 as they are.
    """
    is_without_kernel = dtype == "uint8" and keras.config.backend() == "tensorflow" and find_device().kind == "gpu"
    return "float16" if is_without_kernel else dtype


def add_offset(offset: int) -> Callable[[np.ndarray], np.ndarray]:
    """Returns the function that turns row numbers of a split into row numbers of the table."""
    return lambda rows: (rows + offset).astype(np.int32)
