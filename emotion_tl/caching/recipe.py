"""What an array in the cache is: everything that decides its content, and the name that follows from it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

# Part of every key. To be raised when the same recipe would give other bytes or files.
CACHE_FORMAT = 1

KEY_BYTES = 16


@dataclass(frozen=True, eq=False)
class ArrayRecipe:
    """The description of an array that can be computed row by row.

    Attributes:
        key_parts: everything that changes the content, in JSON values; a person reads them in the entry's meta.json.
        shape: of one row.
        num_rows: one at least.
        dtype: NumPy name of the floating-point type on disk.
    """

    key_parts: Mapping[str, Any]
    shape: tuple[int, ...]
    num_rows: int
    dtype: str = "float16"

    def __post_init__(self) -> None:
        """Refuses what no file could hold."""
        assert np.issubdtype(self.dtype, np.floating), f"expected a floating-point dtype, received {self.dtype}"
        assert self.num_rows > 0, f"expected one row at least, received {self.num_rows}"
        assert all(side > 0 for side in self.shape), f"expected rows of a positive size, received {self.shape}"

    @cached_property
    def description(self) -> dict[str, Any]:
        """Returns format, key_parts, shape, num_rows and dtype as JSON gives them back: lists, no tuples."""
        described = {
            "format": CACHE_FORMAT,
            "key_parts": dict(self.key_parts),
            "shape": self.shape,
            "num_rows": self.num_rows,
            "dtype": self.dtype,
        }
        return json.loads(json.dumps(described, allow_nan=False))

    @cached_property
    def key(self) -> str:
        """Returns a hash in hex of the description; the name of the entry."""
        content = json.dumps(self.description, sort_keys=True)
        return hashlib.blake2b(content.encode(), digest_size=KEY_BYTES).hexdigest()

    @property
    def row_bytes(self) -> int:
        """Returns the size of one row on disk."""
        return prod(self.shape) * np.dtype(self.dtype).itemsize

    @property
    def num_bytes(self) -> int:
        """Returns the size of all rows on disk."""
        return self.num_rows * self.row_bytes
