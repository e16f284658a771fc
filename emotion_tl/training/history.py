"""The epochs of a training, as one table over all phases."""

import time
from collections.abc import Callable
from typing import Any

import keras
import pandas as pd

Row = dict[str, Any]
EpochListener = Callable[[Row], None]
"""Is called with each epoch's row as soon as the epoch has ended."""


class HistoryRecorder(keras.callbacks.Callback):
    """Makes a row of each epoch and hands it on."""

    def __init__(self, listener: EpochListener, phase: str, images_per_epoch: int):
        """Takes who is told, and the name of the phase."""
        super().__init__()
        self.listener = listener
        self.phase = phase
        self.images_per_epoch = images_per_epoch

    def on_epoch_begin(self, epoch, logs=None):
        self.started = self.training_ended = time.perf_counter()

    def on_test_begin(self, logs=None):
        self.training_ended = time.perf_counter()
        # Read before a callback lowers it for the next epoch.
        self.learning_rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))

    def on_epoch_end(self, epoch, logs=None):
        training_seconds = max(self.training_ended - self.started, 1e-9)
        row = {
            "epoch": epoch + 1,
            "phase": self.phase,
            **{name: float(value) for name, value in (logs or {}).items()},
            "learning_rate": self.learning_rate,
            "images_per_second": self.images_per_epoch / training_seconds,
            "seconds": time.perf_counter() - self.started,
        }
        self.listener(row)


def history_table(rows: list[Row], best_epoch: int | None) -> pd.DataFrame:
    """Returns the epochs as a table, the best one marked in the column `best`."""
    table = pd.DataFrame(rows)
    if len(table):
        table["best"] = table["epoch"] == best_epoch
    return table
