"""Keeps the weights of the best epoch over all phases, on disk: a killed run loses at most the epoch it was in."""

import json
import math
from pathlib import Path

import keras

from emotion_tl.training_config import MONITORS

CHECKPOINT_NAME = "best.weights.h5"


class BestEpoch:
    """The best epoch so far, and its weights in a file.

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
        self.path = folder / CHECKPOINT_NAME
        self.sign = 1 if MONITORS[monitor] == "max" else -1
        self.epoch: int | None = None
        self.value = math.nan

    def offer(self, epoch: int, value: float) -> bool:
        """Saves the network's weights where this epoch is the best so far, and returns whether it is."""
        if not math.isfinite(value) or (self.epoch is not None and self.sign * value <= self.sign * self.value):
            return False
        partial = self.path.with_name(f"partial.{CHECKPOINT_NAME}")
        self.weights.save_weights(partial)
        partial.replace(self.path)
        self.epoch, self.value = epoch, value
        record = {"epoch": epoch, "monitor": self.monitor, "value": value}
        self.path.with_name("best.json").write_text(json.dumps(record, indent=2))
        return True

    def restore(self) -> None:
        """Puts the best epoch's weights back into the network."""
        if self.epoch is not None:
            self.weights.load_weights(self.path)


class BestEpochCallback(keras.callbacks.Callback):
    """Offers each epoch of a phase to a `BestEpoch`."""

    def __init__(self, best: BestEpoch):
        """Takes the record that goes on over the phases."""
        super().__init__()
        self.best = best

    def on_epoch_end(self, epoch, logs=None):
        self.best.offer(epoch + 1, (logs or {})[self.best.monitor])
