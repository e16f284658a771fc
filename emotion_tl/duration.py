"""How long something takes, as it is read."""

import math


def told_duration(seconds: float) -> str:
    """Returns "4.5 s", "45 s", "3.2 min" or "1.5 h": in two digits, of very short ones in one; a dash for NaN."""
    if math.isnan(seconds):
        return "–"
    if seconds < 100:
        return two_digits(seconds, "s")
    return two_digits(seconds / 60, "min") if seconds < 6000 else two_digits(seconds / 3600, "h")


def two_digits(number: float, unit: str) -> str:
    """Returns a number of units with one decimal where it is below 10."""
    # Rounded first: 9.97 would stand beside 10 as 10.0.
    return f"{number:.1f} {unit}" if round(number, 1) < 10 else f"{number:.0f} {unit}"
