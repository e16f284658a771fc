"""Numbers on their way to a smaller type."""

import numpy as np


def cast_rows(rows: np.ndarray, dtype: str) -> np.ndarray:
    """Returns rows in another floating-point type and in C order.

    Raises:
        OverflowError: where a number is infinite in that type.
    """
    with np.errstate(over="ignore"):
        cast = np.ascontiguousarray(rows, dtype=dtype)
    if np.isinf(cast).any():
        largest = np.nanmax(np.abs(rows))
        raise OverflowError(f"{dtype} holds numbers up to {np.finfo(dtype).max:g}, received {largest:g}")
    return cast
