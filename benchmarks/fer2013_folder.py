"""FER-2013 as a folder that both sides read: <split>/<class>/<file>, whole or a part of it."""

import random
from collections import defaultdict
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

SPLITS = {"Training": "train", "PublicTest": "val", "PrivateTest": "test"}

Members = dict[tuple[str, str], list[str]]
"""The names in the archive by split and class."""


def extract(archive: Path, work: Path, num_images: int | None = None) -> Path:
    """Extracts the archive into a folder below `work`, the official test images split into val and test.

    Returns the folder, which is taken as it is where it is there.

    Args:
        num_images: training images to take, and an eighth of it for val and for test each, drawn at random in the
            proportions of the classes; None and 0 take everything.
    """
    folder = work / f"fer2013_{num_images or 'all'}"
    if folder.is_dir():
        return folder
    partial = folder.with_name(f"partial.{folder.name}")
    with ZipFile(archive) as opened:
        for (split, class_name), names in choose(list_members(opened), num_images).items():
            target = partial / split / class_name
            target.mkdir(parents=True)
            for name in names:
                (target / PurePosixPath(name).name).write_bytes(opened.read(name))
    return partial.rename(folder)


def list_members(archive: ZipFile) -> Members:
    """Returns the images of the archive; the official split is the first word of a file's name."""
    members: Members = defaultdict(list)
    for name in sorted(archive.namelist()):
        path = PurePosixPath(name)
        split = SPLITS.get(path.name.split("_")[0])
        if split is not None:
            members[split, path.parent.name].append(name)
    if not members:
        raise SystemExit(f"{archive.filename}: expected FER-2013 with files such as train/happy/Training_1.jpg.")
    return members


def choose(members: Members, num_images: int | None) -> Members:
    """Returns the images to take; the same ones for the same number."""
    if not num_images:
        return members
    total = sum(len(names) for (split, _), names in members.items() if split == "train")
    share = min(1.0, num_images / total)
    return {key: draw(names, share) for key, names in members.items()}


def draw(names: list[str], share: float) -> list[str]:
    """Returns a share of the names, at least one of them."""
    return sorted(random.Random(0).sample(names, max(1, round(share * len(names)))))


def count_images(folder: Path, split: str) -> int:
    """Returns the number of images of a split."""
    return sum(1 for _ in (folder / split).glob("*/*"))
