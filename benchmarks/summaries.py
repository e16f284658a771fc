"""Turns repeated measurements into medians, ratios and their spread."""

import math
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, Literal

from benchmarks.measuring import Measures

Row = dict[str, Any]
"""A row of a table of comparisons, as `compare` and `report` give it."""


def runs_of(runs: list[Measures], side: str) -> list[Measures]:
    """Returns the runs of one side in their order."""
    return [run for run in runs if run["side"] == side]


def values_of(runs: list[Measures], side: str, value: Callable[[Measures], float]) -> list[float]:
    """Returns one number from each run of a side."""
    return [value(run) for run in runs_of(runs, side)]


def compare(
    what: str,
    unit: str,
    ours: Sequence[float],
    peer: Sequence[float],
    better: Literal["lower", "higher"],
    mark: float | None = None,
    extrapolated: bool = False,
    by: Literal["ratio", "difference"] = "ratio",
) -> Row:
    """Returns the medians of both sides and how many times better ours is, or by how much.

    The ratio is that of the medians; its range goes over the runs that were taken in turns, first with first.

    Args:
        unit: of the values, for the table.
        mark: the smallest ratio or difference that is the target.
        extrapolated: the peer's values were computed from fewer epochs than the text says.
    """
    row = report(what, unit, ours, better) | {"peer": spread(peer), "extrapolated": extrapolated, "by": by}
    if not ours or not peer:
        return row | {"mark": mark}

    def advantage(our_value: float, peer_value: float) -> float:
        higher, lower = (our_value, peer_value) if better == "higher" else (peer_value, our_value)
        return higher - lower if by == "difference" else higher / lower

    paired = [advantage(*pair) for pair in zip(ours, peer, strict=False)]
    gained = advantage(median(ours), median(peer))
    return row | {
        "advantage": gained,
        "advantage_range": [min(paired), max(paired)],
        "mark": mark,
        "reached": None if mark is None else gained >= mark,
    }


def report(
    what: str,
    unit: str,
    values: Sequence[float],
    better: Literal["lower", "higher"] = "lower",
    limit: float | None = None,
) -> Row:
    """Returns the median of one side; `limit` is the worst value that is the target."""
    row: Row = {"what": what, "unit": unit, "ours": spread(values), "limit": limit}
    if limit is not None and values:
        row["reached"] = median(values) <= limit if better == "lower" else median(values) >= limit
    return row


def spread(values: Sequence[float]) -> dict[str, float] | None:
    """Returns median, lowest, highest and number of the values; None where there are none."""
    if not values:
        return None
    return {"median": median(values), "lowest": min(values), "highest": max(values), "num_runs": len(values)}


def extrapolate(total: float, epoch_seconds: Sequence[float], epochs: int) -> float:
    """Returns what a run would have taken with `epochs` epochs, each further one the median of those after the first.

    Args:
        total: seconds of the run as it was.
        epoch_seconds: of its epochs; two or more where there are fewer than `epochs`.
    """
    missing = epochs - len(epoch_seconds)
    return total + missing * median(epoch_seconds[1:]) if missing > 0 else total


def steady_rate(run: Measures) -> float:
    """Returns the images per second of the epochs after the first, which compiles."""
    return median(run["images_per_second"][1:])


def epochs_to_break_even(ours: Measures, peer: Measures) -> float:
    """Returns from how many epochs on ours is faster in total, with all it computes beforehand; infinite for never."""
    our_epoch, peer_epoch = (median(run["epoch_seconds"][1:]) for run in (ours, peer))
    our_first, peer_first = (run["training_seconds"] - sum(run["epoch_seconds"][1:]) for run in (ours, peer))
    if our_first <= peer_first:
        return 1
    if our_epoch >= peer_epoch:
        return math.inf
    return 1 + math.ceil((our_first - peer_first) / (peer_epoch - our_epoch))
