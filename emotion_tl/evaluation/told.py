"""Figures as they are read."""


def told_share(share: float) -> str:
    """Returns "62.9 %"; of small shares "0.5 %"."""
    return f"{100 * share:.1f} %"


def told_level(confidence_level: float) -> str:
    """Returns "95 %"; levels between whole numbers keep what makes them so, "98.33 %" and "99.9975 %"."""
    value = 100 * confidence_level
    # Four digits would round the last to 100, which no level is.
    return f"{value:.4g} %" if value < 99.99 else f"{value:.6g} %"
