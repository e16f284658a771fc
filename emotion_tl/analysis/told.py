"""Means over seeds and differences as they are read: in percent and in points."""

from emotion_tl.analysis.difference import Difference
from emotion_tl.analysis.interval_ends import TOO_FEW_IMAGES
from emotion_tl.analysis.seed_summary import Spread


def told_fraction(fraction: float) -> str:
    """Returns how large a part of the training images is: "10%", and "0.5%" and "12.5%" where whole ones do not do."""
    return f"{100 * fraction:.3g}%"


def told_spread(spread: Spread) -> str:
    """Returns "62.9 (61.3–64.5)", in percent, or why there is no interval."""
    if not spread.has_interval:
        return f"{100 * spread.mean:.1f} ({TOO_FEW_IMAGES})"
    return f"{100 * spread.mean:.1f} ({100 * spread.low:.1f}–{100 * spread.high:.1f})"


def told_deviation(spread: Spread) -> str | None:
    """Returns the standard deviation over the seeds in points; None with one seed."""
    return None if spread.standard_deviation is None else f"{100 * spread.standard_deviation:.1f}"


def told_points(difference: Difference) -> str:
    """Returns "+3.5 (+2.0 to +4.9)", in percentage points: for a table."""
    return f"{100 * difference.value:+.1f} ({told_ends(difference)})"


def told_in_words(difference: Difference) -> str:
    """Returns "+3.5 points (+2.0 to +4.9)": for a sentence."""
    return f"{100 * difference.value:+.1f} points ({told_ends(difference)})"


def told_ends(difference: Difference) -> str:
    """Returns "+2.0 to +4.9", in percentage points, or why there is no interval."""
    if not difference.has_interval:
        return TOO_FEW_IMAGES
    return f"{100 * difference.low:+.1f} to {100 * difference.high:+.1f}"
