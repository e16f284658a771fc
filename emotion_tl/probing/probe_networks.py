"""Probes every block of a network: its weights, its features, a linear classifier for each block."""

import logging
import os
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import keras
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from emotion_tl.command_config import ProbeConfig, frozen_experiment
from emotion_tl.data.dataset import Dataset, Split
from emotion_tl.errors import ConfigurationError
from emotion_tl.models.transfer_model import build_transfer_model
from emotion_tl.probing.block_features import load_block_features
from emotion_tl.probing.linear_probe import LinearProbe, fit_probe

logger = logging.getLogger(__name__)

MAX_PROBES_AT_ONCE = 8
"""Each holds the features of one block in memory, 235 MB for 28,709 images of 2,048 features."""


@dataclass(frozen=True)
class ProbedNetwork:
    """A network with a probe on each of its blocks.

    Attributes:
        weights: what its weights are called, "imagenet", "random" or the name of a file.
        widths: number of features of each block by its name, from the input to the output.
        probes: by the name of the block.
    """

    weights: str
    widths: dict[str, int]
    probes: dict[str, LinearProbe]


def probe_network(config: ProbeConfig, compared: str, dataset: Dataset) -> ProbedNetwork:
    """Returns a network with a probe on each of its blocks.

    Args:
        compared: its weights, one of `COMPARED_WEIGHTS`.
        dataset: the images that the probes learn from, are chosen on and are tested on.

    Raises:
        WeightsError: where pretrained weights cannot be had or do not fit.
    """
    # Random weights in the place of pretrained ones would be compared with themselves.
    experiment = frozen_experiment(config, None if compared == "random" else config.backbone.weights)
    # Random weights are then the same whatever was built before.
    keras.utils.set_random_seed(config.seed)
    model = build_transfer_model(experiment, dataset.image_shape, dataset.num_classes)
    train, val, test = load_block_features(model, tuple(dataset.splits().values()), experiment)

    def probe(block: str) -> LinearProbe:
        started = time.perf_counter()
        fitted = fit_probe(
            (train.of_block(block), dataset.train.labels),
            (val.of_block(block), dataset.val.labels),
            test.of_block(block),
            config.regularisation,
        )
        told = f"{100 * fitted.val_accuracy:.1f} % on val, C = {fitted.regularisation:g}"
        logger.info("probe    %s, %s weights: %s, %.1f s", block, compared, told, time.perf_counter() - started)
        return fitted

    probes = map_in_parallel(probe, list(train.widths))
    return ProbedNetwork(model.weights.name, train.widths, probes)


def map_in_parallel(probe: Callable[[str], LinearProbe], blocks: list[str]) -> dict[str, LinearProbe]:
    """Returns the probe of each block.

    Threads within one product of matrices wait for each other. Two probes at a time, each in one thread, took a tenth
    of the time on a busy machine of two cores.
    """
    with warnings.catch_warnings(), threadpool_limits(1):
        # One that stops at the largest number of steps is judged on val like the others.
        warnings.simplefilter("ignore", ConvergenceWarning)
        with ThreadPoolExecutor(min(MAX_PROBES_AT_ONCE, os.cpu_count() or 1)) as executor:
            return dict(zip(blocks, executor.map(probe, blocks), strict=True))


def draw_subset(split: Split, num_images: int | None, seed: int) -> Split:
    """Returns so many images of a split, in the shares of its classes and in their order; all where there are fewer.

    Raises:
        ConfigurationError: where they are too few for the classes.
    """
    if num_images is None or num_images >= len(split):
        return split
    try:
        positions, _ = train_test_split(
            np.arange(len(split)), train_size=num_images, stratify=split.labels, random_state=seed
        )
    except ValueError as error:
        raise ConfigurationError(f"num_train_images: {error} Received: {num_images} of {len(split):,}.") from error
    part = split.take(np.sort(positions))
    # A class much smaller than the others has a share of less than one image.
    if missing := len(np.unique(split.labels)) - len(np.unique(part.labels)):
        raise ConfigurationError(
            f"num_train_images: expected enough for an image of each class, in the shares of {split.name}. Received: "
            f"{num_images} of {len(split):,}, which leave {missing} of the classes without one."
        )
    return part
