"""Settings and their values as text, as Hydra reads them on the command line.

A search hands choices over to KerasTuner as such text: a choice may be null, a list, or of another type than the one
beside it, and KerasTuner takes scalars of one type and sends numbers to its workers in 32 bits.
"""

import re
from collections.abc import Sequence
from typing import Any

# What Hydra takes for a string without quotation marks.
PLAIN_TEXT = re.compile(r"[A-Za-z_][\w.+-]*(/[\w.+-]+)*")
# Words that Hydra takes for something else.
WORDS = {"null", "true", "false", "nan", "inf"}
SIGNIFICANT_DIGITS = 6


def value_text(value: Any) -> str:
    """Returns a value as Hydra's command line reads it: null, true, 0.1, relu, 'a b', [256,128], {a:1}."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(rounded(value))
    if isinstance(value, list | tuple):
        return f"[{','.join(map(value_text, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{key}:{value_text(entry)}' for key, entry in value.items())}}}"
    return quoted(value) if isinstance(value, str) else str(value)


def quoted(text: str) -> str:
    """Returns text in quotation marks where Hydra would read something else without them."""
    if PLAIN_TEXT.fullmatch(text) and text.lower() not in WORDS:
        return text
    # Hydra takes a backslash for one, except before a quotation mark.
    escaped = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + ("\\'" if found[2] else ""), text)
    return f"'{escaped}'"


def rounded(value: float) -> float:
    """Returns a number with six significant digits: 0.3 in place of 0.30000000000000004 or, in 32 bits, 0.300000012."""
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


def number_text(value: float, integer: bool) -> str:
    """Returns a number of a range as text, whole where the range is."""
    return str(round(value)) if integer else value_text(float(value))


def key_of(override: str) -> str:
    """Returns the key of an override: `head.dropout` of `head.dropout=0.3`, `++head.dropout=0.3` or `~head.dropout`."""
    return override.lstrip("+~").partition("=")[0]


def shared_overrides(several: Sequence[Sequence[str]]) -> list[str]:
    """Returns the overrides that all of several jobs have, in the order of the first."""
    return [text for text in several[0] if all(text in overrides for overrides in several)]


def override_text(key: str, value: Any) -> str:
    """Returns a key with its value as an override; `~key` deletes, whatever the value."""
    return key if key.startswith("~") else f"{key}={value_text(value)}"
