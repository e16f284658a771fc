"""What data sets call their splits."""

SPLITS = ("train", "val", "test")

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "publictest": "val",
    "test": "test",
    "testing": "test",
    "privatetest": "test",
}
"""Lower-case names and the split each stands for. FER-2013 calls its splits Training, PublicTest and PrivateTest."""


def parse_split_name(name: str) -> str | None:
    """Returns "train", "val" or "test" for what a data set calls its split; None where the name is none of a split."""
    return SPLIT_NAMES.get(name.strip().casefold())
