"""A progress bar on a terminal, plain lines elsewhere; both on stderr, so that results on stdout stay clean."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

SECONDS_A_LINE = 10.0

Item = TypeVar("Item")


def track(items: Iterable[Item], total: int, description: str) -> Iterator[Item]:
    """Yields the items and shows how many of `total` are done."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from track_in_lines(items, total, description)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        yield from progress.track(items, total=total, description=description)


def track_in_lines(items: Iterable[Item], total: int, description: str) -> Iterator[Item]:
    """Yields the items; prints a line at the end of every ten seconds and one at the very end."""
    start = last = time.monotonic()
    num_done = 0
    for item in items:
        yield item
        num_done += 1
        if time.monotonic() - last > SECONDS_A_LINE:
            last = time.monotonic()
            print(f"{description}: {num_done:,} of {total:,}", file=sys.stderr, flush=True)
    print(f"{description}: {num_done:,} in {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)
