"""How long something takes, as it is read."""


def told_duration(seconds: float) -> str:
    """Returns "45 s", "12 min" or "3.2 h"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
