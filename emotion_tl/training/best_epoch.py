"""Keeps the weights of the best epoch over all phases, and writes them to disk without holding up the training.

A killed run leaves the best weights as they were when the file was last written. What is better waits there for the
first end of an epoch after `SECONDS_BETWEEN_FILES`. A run that is interrupted, or fails, leaves the best of all.
"""

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np

from emotion_tl.files import NO_ROOM, check_free_space, replace_file, write_json
from emotion_tl.training.state import assign_variables, read_variables
from emotion_tl.training.state_files import link_file
from emotion_tl.training_config import MONITORS

logger = logging.getLogger(__name__)

CHECKPOINT_NAME = "best.weights.h5"
# Writing all of InceptionV3 takes as long as an epoch of its head, and most such epochs are better than the one before.
SECONDS_BETWEEN_FILES = 10.0
# A disk that is full is told before HDF5 finds out, which may then end the process with a later file.
BYTES_A_WEIGHT = 4
LARGEST_OVERHEAD_BYTES = 2**22


class BestEpoch:
    """The best epoch so far, its weights in memory, and in a file that may be a little older.

    Attributes:
        epoch: number of the best epoch, counted from 1 over all phases; None before the first.
        value: its value of the monitored metric.
    """

    def __init__(self, network: keras.Model, monitor: str, folder: Path):
        """Watches `monitor`; the file goes into `folder`."""
        # A model of its own on the same layers: it is never compiled, so the file holds no optimizer, whose variables
        # differ from phase to phase.
        self.weights = keras.Model(network.inputs, network.outputs)
        self.monitor = monitor
        self.file = folder / CHECKPOINT_NAME
        self.sign = 1 if MONITORS[monitor] == "max" else -1
        self.epoch: int | None = None
        self.value = math.nan
        # Of the layers that the phase trains; None where the file is all there is.
        self.in_memory: list[np.ndarray] | None = None
        self.is_on_disk = True
        self.next_file = -math.inf

    @property
    def path(self) -> Path:
        """Returns the file of the best weights, once they are in it."""
        self.flush()
        return self.file

    def postpone(self) -> None:
        """Lets the first file wait as long as the others: for a training that may be over by then."""
        self.next_file = time.monotonic() + SECONDS_BETWEEN_FILES

    def offer(self, epoch: int, value: float) -> bool:
        """Keeps the network's weights where this epoch is the best so far, and returns whether it is."""
        is_best = self.is_better(value)
        if is_best:
            self.epoch, self.value = epoch, value
            self.in_memory = read_variables(self.trained_weights())
            self.is_on_disk = False
        # On JAX a network has no weights to be written when `fit` is interrupted.
        if keras.config.backend() == "jax" or time.monotonic() >= self.next_file:
            self.write() if is_best else self.flush()
        return is_best

    def is_better(self, value: float) -> bool:
        """Returns whether a value is better than that of the best epoch so far."""
        return math.isfinite(value) and (self.epoch is None or self.sign * value > self.sign * self.value)

    def trained_weights(self) -> list[keras.Variable]:
        """Returns the weights that the phase may change."""
        return [weight for layer in self.weights.layers if layer.trainable for weight in layer.weights]

    def write(self) -> None:
        """Writes the weights of the network, which are those of the best epoch.

        Raises:
            OSError: where the disk has no room for them.
        """
        check_free_space(self.file.parent, self.weights.count_params() * BYTES_A_WEIGHT + LARGEST_OVERHEAD_BYTES)
        replace_file(self.file, self.weights.save_weights)
        self.describe_file()
        self.is_on_disk = True
        self.next_file = time.monotonic() + SECONDS_BETWEEN_FILES

    def describe_file(self) -> None:
        """Writes down which epoch the weights in the file are from."""
        described = {"epoch": self.epoch, "monitor": self.monitor, "value": self.value}
        write_json(self.file.with_name("best.json"), described)

    def flush(self) -> None:
        """Brings the file up to date, and leaves the network as it is."""
        if self.is_on_disk or self.in_memory is None:
            return
        weights = self.trained_weights()
        now = read_variables(weights)
        assign_variables(weights, self.in_memory)
        self.write()
        assign_variables(weights, now)

    @contextmanager
    def flushed_on_errors(self) -> Iterator[None]:
        """Brings the file up to date where the block raises; what it raised is told, whatever comes of that."""
        try:
            yield
        except BaseException as error:
            # A full disk would take no further file.
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                raise
            try:
                self.flush()
            except OSError:
                logger.warning("The best weights could not be written to %s.", self.file)
            raise

    def resume(self, epoch: int, value: float, weights: Path) -> None:
        """Takes over the best epoch of a training that goes on, whose weights go into the network."""
        link_file(weights, self.file)
        self.epoch, self.value = epoch, value
        self.describe_file()
        self.restore()

    def restore(self) -> None:
        """Ends a phase: puts the best weights of all phases back into the network, and into the file."""
        if self.epoch is None:
            return
        if self.in_memory is None:
            self.weights.load_weights(self.file)
            return
        assign_variables(self.trained_weights(), self.in_memory)
        if not self.is_on_disk:
            self.write()
        # The next phase may train, and so change, more than is kept here.
        self.in_memory = None


class BestEpochCallback(keras.callbacks.Callback):
    """Offers each epoch of a phase to a `BestEpoch`."""

    def __init__(self, best: BestEpoch):
        """Takes the record that goes on over the phases."""
        super().__init__()
        self.best = best

    def on_epoch_end(self, epoch, logs=None):
        self.best.offer(epoch + 1, (logs or {})[self.best.monitor])
