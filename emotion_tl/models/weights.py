"""Pretrained weights: Keras' own download, or a file the user gives."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import keras

from emotion_tl.config import BackboneConfig
from emotion_tl.errors import WeightsError
from emotion_tl.files import sha256_of
from emotion_tl.models.specifications import BackboneSpecification, get_specification

logger = logging.getLogger(__name__)

# A download that stalls for longer than this is given up, so that no run hangs on a network that swallows packets.
DOWNLOAD_TIMEOUT_SECONDS = 30.0
# MobileNetV2 has a file for each of several sizes. One of them, whatever size is trained at, keeps runs comparable.
IMAGENET_IMAGE_SIZE = 224
WITH_CLASSIFIER = "with its ImageNet classifier"


@dataclass(frozen=True)
class WeightsOrigin:
    """Which weights a backbone started with.

    Attributes:
        name: "imagenet", the name of the file, or "random".
        sha256: hash of the file; None for random weights, or where Keras keeps the file is not known.
        fallback: the weights asked for could not be had and random ones took their place.
    """

    name: str
    sha256: str | None = None
    fallback: bool = False

    @property
    def pretrained(self) -> bool:
        """Whether the weights were learned on other images."""
        return self.name != "random"


RANDOM_WEIGHTS = WeightsOrigin("random")


def load_pretrained(config: BackboneConfig, pixels: keras.KerasTensor, features: keras.KerasTensor) -> WeightsOrigin:
    """Puts pretrained weights into the layers of a backbone, and returns where they come from.

    Where they do not fit and `config.allow_random_weights` lets random ones take their place, some of the layers may
    have taken weights before that was known.

    Args:
        pixels: what goes into the backbone.
        features: what comes out of all of it, without a classifier.

    Raises:
        WeightsError: where the weights cannot be had or do not fit; the message names the file to put where.
    """
    if config.weights is None:
        return RANDOM_WEIGHTS
    if get_specification(config.name).application is None:
        raise WeightsError(
            f"backbone.weights: {config.name} is trained from scratch and takes no weights file. Use "
            "backbone.weights=null."
        )
    try:
        if config.weights == "imagenet":
            return load_imagenet(config, pixels, features)
        return load_file(config, Path(config.weights).expanduser(), pixels, features)
    except WeightsError as error:
        if not config.allow_random_weights:
            raise
        logger.warning("%s\nGoing on with RANDOM weights, because backbone.allow_random_weights=true.", error)
        return WeightsOrigin("random", fallback=True)


def load_imagenet(config: BackboneConfig, pixels: keras.KerasTensor, features: keras.KerasTensor) -> WeightsOrigin:
    """Puts the ImageNet weights that Keras downloads and caches into a backbone.

    Raises:
        WeightsError: where the download fails.
    """
    specification = get_specification(config.name)
    cached = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models" / str(specification.imagenet_file)
    if cached.is_file():
        try:
            return replace(load_file(config, cached, pixels, features), name="imagenet")
        except WeightsError as error:
            logger.warning("%s Keras looks whether it has to be downloaded again.", error)
    else:
        logger.info("Downloading the ImageNet weights of %s to %s", config.name, cached)
    try:
        with download_timeout():
            downloaded = build_application(specification, IMAGENET_IMAGE_SIZE, weights="imagenet")
    # Keras wraps a failed download in a bare Exception.
    except Exception as error:
        raise WeightsError(
            f"The ImageNet weights of {config.name} could not be had ({error}). Put the file "
            f"{specification.imagenet_file} of keras.applications into {cached.parent}, or name a weights file with "
            "backbone.weights=/path/to/file, or train from random weights with backbone.weights=null."
        ) from error
    keras.Model(pixels, features).set_weights(downloaded.get_weights())
    # Keras goes to a temporary folder where it may not write into its own.
    return WeightsOrigin("imagenet", sha256_of(cached) if cached.is_file() else None)


def load_file(
    config: BackboneConfig, path: Path, pixels: keras.KerasTensor, features: keras.KerasTensor
) -> WeightsOrigin:
    """Puts the weights of a file into a backbone: Keras' `.weights.h5`, or its older `.h5` without the top.

    The file may hold the network with its ImageNet classifier, without it, or only its first blocks. Which one is told
    by its number of parameters.

    Raises:
        WeightsError: where the file is missing, unreadable, or holds another network.
    """
    if not path.is_file():
        raise WeightsError(
            "backbone.weights: expected 'imagenet', null or the path of a weights file. "
            f"Received: {path}, which is not there."
        )
    num_parameters = count_parameters(path)
    expected = {}
    # A network of its own on the layers of the backbone: files number the layers of a graph that holds nothing else.
    network = keras.Model(pixels, features)
    for description, candidate in candidate_networks(config, pixels, network):
        expected[description] = candidate.count_params()
        if candidate.count_params() == num_parameters:
            try:
                candidate.load_weights(path)
            except (ValueError, OSError, KeyError) as error:
                raise WeightsError(f"{path} does not fit {config.name} {description}: {error}") from error
            if description == WITH_CLASSIFIER:
                network.set_weights(candidate.get_weights()[: len(network.weights)])
            return WeightsOrigin(path.name, sha256_of(path))
    fits = "; ".join(f"{description}: {count:,}" for description, count in expected.items())
    raise WeightsError(
        f"{path} holds {num_parameters:,} parameters, which is not {config.name}. Expected one of: {fits}. "
        "Where the file holds only the first blocks, cut the network there with backbone.output_block."
    )


def candidate_networks(
    config: BackboneConfig, pixels: keras.KerasTensor, network: keras.Model
) -> Iterator[tuple[str, keras.Model]]:
    """Yields the forms of a backbone that a weights file may hold, the most usual first.

    All but the one with the classifier are made of the layers of `network`.
    """
    yield "without its classifier", network
    if config.output_block:
        yield f"up to {config.output_block}", keras.Model(pixels, network.get_layer(config.output_block).output)
    application = getattr(keras.applications, str(get_specification(config.name).application))
    yield WITH_CLASSIFIER, application(weights=None)


def build_application(specification: BackboneSpecification, image_size: int, weights: str | None) -> keras.Model:
    """Builds a network of `keras.applications` without its classifier."""
    application = getattr(keras.applications, str(specification.application))
    return application(include_top=False, weights=weights, input_shape=(image_size, image_size, 3))


def count_parameters(path: Path) -> int:
    """Returns the number of weights in an HDF5 file, without the state of an optimizer or of a random generator.

    Raises:
        WeightsError: where the file is no HDF5 file.
    """
    counts: list[int] = []

    def visit(name: str, entry: h5py.Group | h5py.Dataset) -> None:
        if isinstance(entry, h5py.Dataset) and not name.startswith("optimizer") and "seed_generator" not in name:
            counts.append(int(entry.size))

    try:
        with h5py.File(path, "r") as file:
            file.visititems(visit)
    except OSError as error:
        raise WeightsError(f"{path}: expected a Keras weights file (.weights.h5 or .h5). Received: {error}") from error
    return sum(counts)


@contextmanager
def download_timeout() -> Iterator[None]:
    """Bounds how long a stalled connection is waited for; Keras' download sets no limit of its own."""
    previous = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(previous)
