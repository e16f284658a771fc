"""A training as it stood when an epoch had ended: all it takes to go on as if it had never stopped."""

import math
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import keras
import numpy as np

from emotion_tl.training.history import Row
from emotion_tl.training.state_files import StateFiles, read_state, write_state

ARRAYS = ("network", "optimizer")
NOT_JSON = (*ARRAYS, "best_weights")


@dataclass(frozen=True, eq=False)
class TrainingState:
    """Everything that a training goes on from.

    The order of the batches is not part of it, for it depends on the seed and the epoch alone.

    Attributes:
        settings: what decides how it goes on, see `emotion_tl.training.state_settings`.
        phase: the phase of the epoch.
        phase_has_ended: whether the epoch was the last of its phase, whatever ended it.
        feed: what that phase was fed, in words.
        inputs: the same of the phases before it, by name.
        rows: the history.
        best_epoch, best_value: of the best epoch so far; None and NaN where none was one.
        best_weights: weights file of the best epoch.
        network: what the phase may change in the network, and the states of all random generators. What it keeps frozen
            stands in the weights of the best epoch. Left out where those are all that matters.
        optimizer: all variables, as iterations, moments, averages, learning rate; none once the phase has ended.
        trained: where the variables that the optimizer changes stand in the network's list of variables.
        counters: attributes of the callbacks that count epochs, by the class of the callback.
    """

    settings: dict[str, Any]
    phase: str
    phase_has_ended: bool
    feed: str
    inputs: dict[str, str]
    rows: list[Row]
    best_epoch: int | None = None
    best_value: float = math.nan
    best_weights: Path | None = None
    network: list[np.ndarray] = field(default_factory=list)
    optimizer: list[np.ndarray] = field(default_factory=list)
    trained: list[int] = field(default_factory=list)
    counters: dict[str, dict[str, Any]] = field(default_factory=dict)

    def write(self, output_dir: Path) -> None:
        """Puts the state in the place of the one before, in the folder of its training."""
        content = {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name not in NOT_JSON}
        arrays = {f"{group}_{number}": array for group in ARRAYS for number, array in enumerate(getattr(self, group))}
        names = f"epoch-{len(self.rows)}", f"best-{self.best_epoch}"
        write_state(output_dir, *names, StateFiles(content, arrays, self.best_weights))

    @classmethod
    def read(cls, output_dir: Path) -> "TrainingState":
        """Returns the state that a training left in its folder.

        Raises:
            TrainingStateError: where there is none, or it is damaged.
        """
        files = read_state(output_dir)
        # They come in the order in which they were written.
        network, optimizer = (
            [array for name, array in files.arrays.items() if name.startswith(f"{group}_")] for group in ARRAYS
        )
        return cls(**files.content, network=network, optimizer=optimizer, best_weights=files.best_weights)


def changing_variables(network: keras.Model, has_best: bool) -> list[keras.Variable]:
    """Returns what training changes in a network as it is frozen now, and the states of its random generators.

    Args:
        has_best: whether a weights file of the best epoch holds what is frozen. It holds no random generator.
    """
    frozen = [layer for layer in network.layers if has_best and not layer.trainable]
    held = {id(weight) for layer in frozen for weight in layer.weights}
    return [variable for variable in network.variables if id(variable) not in held]


def read_variables(variables: list[keras.Variable]) -> list[np.ndarray]:
    """Returns the values of variables, in their order."""
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def find_misfit(variables: list[keras.Variable], values: list[np.ndarray]) -> str | None:
    """Returns in words why values are not of these variables; None where they may be."""
    expected = [(tuple(variable.shape), str(variable.dtype)) for variable in variables]
    received = [(value.shape, value.dtype.name) for value in values]
    if len(expected) != len(received):
        return f"expected {len(expected)} arrays. Received: {len(received)}."
    wrong = [number for number, pair in enumerate(zip(expected, received, strict=True)) if pair[0] != pair[1]]
    return f"expected array {wrong[0]} to be {expected[wrong[0]]}. Received: {received[wrong[0]]}." if wrong else None


def assign_variables(variables: list[keras.Variable], values: list[np.ndarray]) -> None:
    """Gives each variable its value."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
