"""A data set and experiments so small that a test can train on them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from emotion_tl.config import BackboneConfig, DataConfig, ExperimentConfig, HeadConfig
from emotion_tl.data.dataset import Dataset, Split
from emotion_tl.data.store import hash_pixels
from emotion_tl.training_config import PhaseConfig, ScheduleConfig

CLASSES = ("angry", "happy", "sad")
IMAGE_SIZE = 24


class UnreadableImages:
    """Images that nobody may look at."""

    def __getitem__(self, rows):
        raise AssertionError("These images must not be read.")


def draw_images(labels: np.ndarray, channels: int, seed: int, image_size: int = IMAGE_SIZE) -> np.ndarray:
    """Returns uint8 (n, image_size, image_size, channels): noise with a bright bar whose height tells the class."""
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 120, (len(labels), image_size, image_size, channels), dtype=np.uint8)
    bar = image_size // 4
    for image, label in zip(images, labels, strict=True):
        image[bar * label + 1 : bar * (label + 1)] += 110
    return images


def make_split(name: str, counts: list[int], channels: int = 1, seed: int = 0) -> Split:
    """Returns a split with so many images of each class, shuffled."""
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts)).astype(np.int64)
    images = draw_images(labels, channels, seed)
    return Split(
        name=name,
        labels=labels,
        image_ids=np.array([f"{name}/{number}" for number in range(len(labels))], dtype=object),
        has_copy=np.zeros(len(labels), dtype=bool),
        pixel_hashes=np.array([hash_pixels(image) for image in images], dtype=object),
        images=images,
        rows=np.arange(len(labels)),
    )


def unreadable(split: Split) -> Split:
    """Returns the split with images that raise when they are read."""
    return replace(split, images=UnreadableImages())


def make_dataset(counts: list[int] | None = None, channels: int = 1) -> Dataset:
    """Returns a data set whose test images cannot be read: no training may touch them."""
    counts = counts or [16, 16, 16]
    return Dataset(
        name="bars",
        class_names=CLASSES[: len(counts)],
        fingerprint="0" * 64,
        train=make_split("train", counts, channels, seed=1),
        val=make_split("val", [8] * len(counts), channels, seed=2),
        test=unreadable(make_split("test", [8] * len(counts), channels, seed=3)),
        rejected=pd.DataFrame(columns=["image", "reason"]),
        left_out=pd.DataFrame(columns=["image", "split", "reason"]),
    )


def make_config(*phases: PhaseConfig, monitor: str = "val_accuracy", **sections: Any) -> ExperimentConfig:
    """Returns an experiment with a cut simple_cnn: no BatchNormalization whose statistics would have to settle.

    Args:
        phases: they are called first, second and third; without any there is one of one epoch.
        sections: attributes of the configuration by name, as in `seed=1` or `head=HeadConfig(...)`.
    """
    names = ("first", "second", "third")
    config = ExperimentConfig(
        data=DataConfig(name="bars", source="synthetic_faces", num_images=9),
        backbone=BackboneConfig(name="simple_cnn", image_size=IMAGE_SIZE, output_block="block2_pool"),
        schedule=ScheduleConfig(
            name="test", monitor=monitor, phases=dict(zip(names, phases or [make_phase()], strict=False))
        ),
        **{"head": HeadConfig(name="flatten", pooling="flatten")} | sections,
    )
    config.trainer.batch_size = 16
    # A graph that small is compiled by XLA in more time than it runs.
    config.trainer.jit_compile = False
    return config


def make_phase(**settings: Any) -> PhaseConfig:
    """Returns a phase of one epoch that trains everything."""
    return PhaseConfig(**({"epochs": 1, "trainable_blocks": None} | settings))
