"""A process that wants an array: python -m tests.caching.worker CACHE LOG NUM_ROWS SECONDS_A_CHUNK

Prints "waiting" and "done" as they happen, and adds a line "<pid> <start>" to the log for each chunk it computes.
"""

import os
import sys
import time
from pathlib import Path

import numpy as np

from tests.caching.arrays import ROWS_AT_ONCE, compute_rows, expected_rows, make_cache, make_recipe


def main(cache: str, log: str, num_rows: int, seconds: float) -> None:
    """Gets the array and checks its rows."""

    def compute_and_log(start, stop):
        with Path(log).open("a") as file:
            file.write(f"{os.getpid()} {start}\n")
        time.sleep(seconds)
        return compute_rows(start, stop)

    rows = make_cache(Path(cache)).get_or_compute(
        make_recipe(num_rows=num_rows),
        compute_and_log,
        ROWS_AT_ONCE,
        on_wait=lambda: print("waiting", flush=True),
    )
    np.testing.assert_array_equal(rows, expected_rows(num_rows))
    print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
