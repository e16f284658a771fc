"""Small image sets that the tests of this folder write themselves."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion_tl.config import DataConfig

CLASSES = ("angry", "happy", "sad")


def make_image(seed: int, size: int = 12) -> np.ndarray:
    """Returns uint8 (size, size) noise; another for each seed."""
    return np.random.default_rng(seed).integers(0, 256, (size, size), dtype=np.uint8)


def save_image(path: Path, pixels: np.ndarray, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def write_classes(root: Path, num_images: int = 10, classes: tuple[str, ...] = CLASSES, first_seed: int = 0) -> Path:
    """Writes root/<class>/<number>.png, all images different."""
    for label, name in enumerate(classes):
        for number in range(num_images):
            seed = first_seed + label * num_images + number
            save_image(root / name / f"{number:03d}.png", make_image(seed))
    return root


def write_splits(root: Path, splits: tuple[str, ...] = ("train", "val", "test"), num_images: int = 4) -> Path:
    """Writes root/<split>/<class>/<number>.png, all images different."""
    for number, split in enumerate(splits):
        write_classes(root / split, num_images, first_seed=1000 * number)
    return root


def zip_folder(folder: Path, archive: Path, inside: str = "") -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in sorted(folder.rglob("*")):
            opened.write(path, inside + path.relative_to(folder).as_posix())
    return archive


@pytest.fixture
def folder_config() -> Callable[..., DataConfig]:
    """Makes the configuration of an image folder whose images are stored as they are."""

    def make(path: Path, **settings) -> DataConfig:
        return DataConfig(**{"name": "faces", "source": "image_folder", "path": str(path), "image_size": 12} | settings)

    return make
