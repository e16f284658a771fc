"""Figures as they are read."""


def told_share(share: float) -> str:
    """Returns "62.9 %"; of small shares "0.5 %"."""
    return f"{100 * share:.1f} %"


def told_level(confidence_level: float) -> str:
    """Returns "95 %"; levels between whole numbers keep what makes them so, "97.5 %" and "99.9 %"."""
    return f"{100 * confidence_level:.4g} %"
