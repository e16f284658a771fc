"""What goes on over the phases of a training: its epochs, and the best of them."""

from dataclasses import dataclass
from pathlib import Path

import keras
import pandas as pd

from emotion_tl.files import replace_file
from emotion_tl.training.best_epoch import BestEpoch
from emotion_tl.training.history import EpochListener, Row, history_table
from emotion_tl.training.state import TrainingState


@dataclass(frozen=True)
class TrainingResult:
    """What a training leaves; the model holds the weights of the best epoch.

    Attributes:
        history: a row an epoch over all phases, see `emotion_tl.training.history`.
        best_epoch: number of the epoch that was chosen on val.
        best_value: its value of the schedule's metric.
        inputs: what each phase was fed, in words.
    """

    history: pd.DataFrame
    best_epoch: int | None
    best_value: float
    inputs: dict[str, str]

    @property
    def best_phase(self) -> str:
        """Returns the phase that the model's weights come from."""
        epochs = self.history[self.history["best"]] if self.best_epoch is not None else self.history
        return epochs["phase"].iloc[-1]


class TrainingRecord:
    """The epochs so far.

    `history.csv` in the folder is brought up to date after each epoch, and the file of the best weights soon after a
    better one, so that they outlive an interruption.

    Attributes:
        best: the best epoch, and its weights.
    """

    def __init__(self, network: keras.Model, monitor: str, folder: Path, listeners: tuple[EpochListener, ...] = ()):
        """Watches `monitor`; each epoch's row is told to the listeners."""
        self.best = BestEpoch(network, monitor, folder)
        self.folder = folder
        self.listeners = listeners
        self.rows: list[Row] = []
        self.inputs: dict[str, str] = {}

    @property
    def num_epochs(self) -> int:
        """Returns how many epochs have ended."""
        return len(self.rows)

    def num_epochs_of(self, phase: str) -> int:
        """Returns how many epochs of a phase have ended."""
        return sum(row["phase"] == phase for row in self.rows)

    def resume(self, state: TrainingState) -> None:
        """Takes the epochs of a training that goes on. No listener is told of them."""
        self.rows, self.inputs = list(state.rows), dict(state.inputs)
        if state.best_epoch is not None and state.best_weights is not None:
            self.best.resume(state.best_epoch, state.best_value, state.best_weights)
        self.write_history()

    def add(self, row: Row) -> None:
        """Takes the row of an epoch that has ended."""
        self.rows.append(row)
        self.write_history()
        for listener in self.listeners:
            listener(row)

    def write_history(self) -> None:
        """Brings history.csv up to date."""
        history = history_table(self.rows, self.best.epoch)
        replace_file(self.folder / "history.csv", lambda partial: history.to_csv(partial, index=False))

    def end_phase(self, name: str, inputs: str) -> None:
        """Puts the best weights so far into the network and notes what the phase was fed."""
        self.best.restore()
        self.inputs[name] = inputs

    def result(self) -> TrainingResult:
        """Returns what the training leaves."""
        return TrainingResult(history_table(self.rows, self.best.epoch), self.best.epoch, self.best.value, self.inputs)
