"""What the phases of a run were fed, in the words of its tag: a comparison tells by them which runs are one model."""

from collections.abc import Mapping, Sequence

WHOLE_NETWORK = "images"
"""Of a phase whose activations were not cached."""

CACHED_ACTIVATIONS = "cached activations"


def told_activations(layer: str, views: Sequence[str]) -> str:
    """Returns "cached activations of avg_pool; views: image, mirror"."""
    return f"{CACHED_ACTIVATIONS} of {layer}; views: {', '.join(views)}"


def told_phases(fed: Mapping[str, str]) -> str:
    """Returns the tag of a run, "frozen: cached activations of avg_pool; views: image; unfrozen: images"."""
    return "; ".join(f"{phase}: {told}" for phase, told in fed.items())


def is_cached(told: str) -> bool:
    """Returns whether a phase, or one or more of those of a tag, were fed cached activations."""
    return CACHED_ACTIVATIONS in told
