"""Brings a training to where another one stopped, and knows how far this stretch of it goes."""

import logging
import time
from functools import cached_property
from pathlib import Path
from typing import Any

from emotion_tl.config import ExperimentConfig
from emotion_tl.models.transfer_model import TransferModel
from emotion_tl.training.freezing import set_trainable
from emotion_tl.training.record import TrainingRecord
from emotion_tl.training.state import TrainingState, assign_variables, changing_variables, find_misfit
from emotion_tl.training.state_files import TrainingStateError, copy_state, remove_state
from emotion_tl.training.state_settings import check_same_training, deciding_settings
from emotion_tl.training.stretch import Stretch

logger = logging.getLogger(__name__)

# A state may take one second in so many.
SECONDS_FOR_EACH_OF_A_STATE = 50.0


class StateKeeper:
    """Brings a training to where another one stopped, and tells how far it goes.

    Attributes:
        stretch: what is done of the training now.
    """

    def __init__(
        self,
        model: TransferModel,
        config: ExperimentConfig,
        dataset_fingerprint: str,
        record: TrainingRecord,
        stretch: Stretch,
    ):
        """Goes on where the stretch says so; a training that starts anew removes the state that it finds in its folder.

        Raises:
            TrainingStateError: where a state is missing, damaged, or of another training.
        """
        self.model = model
        self.config = config
        self.record = record
        self.stretch = stretch
        self.dataset_fingerprint = dataset_fingerprint
        self.next_state = time.monotonic() + stretch.seconds_between_states
        # Of the phase that goes on, until it does.
        self.pending: TrainingState | None = None
        if stretch.resume_from is None:
            remove_state(record.folder)
        else:
            self.resume(stretch.resume_from)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Returns what decides how the training goes on."""
        return deciding_settings(self.config, self.model, self.dataset_fingerprint)

    def resume(self, folder: Path) -> None:
        """Brings the record and the network to where a training stopped; what `fit` would undo waits until it runs."""
        state = TrainingState.read(folder)
        check_same_training(folder, state.settings, self.settings)
        if self.stretch.keep_state != "never" and folder.resolve() != self.record.folder.resolve():
            remove_state(self.record.folder)
            copy_state(folder, self.record.folder)
        self.record.resume(state)
        if state.phase_has_ended:
            self.restore_network(state)
            self.record.end_phase(state.phase, state.feed)
        else:
            self.pending = state
        logger.info("state    going on after epoch %d, phase %s, from %s", len(state.rows), state.phase, folder)

    def restore_network(self, state: TrainingState) -> None:
        """Puts everything into the network that its best weights do not hold."""
        set_trainable(self.model, self.config.schedule.phases[state.phase])
        if state.network:
            variables = changing_variables(self.model.network, state.best_epoch is not None)
            self.check_fit("network", find_misfit(variables, state.network))
            assign_variables(variables, state.network)

    def check_fit(self, part: str, misfit: str | None) -> None:
        """Checks that arrays are of the variables they go into.

        Raises:
            TrainingStateError: where they are not.
        """
        if misfit:
            raise TrainingStateError(self.stretch.resume_from or Path(), f"{part}: {misfit}")

    def is_last(self, phase: str) -> bool:
        """Returns whether a phase is the last of the schedule."""
        return phase == list(self.config.schedule.phases)[-1]

    def num_epochs(self, phase: str) -> int:
        """Returns the epochs of a phase, counted from its start, after which this stretch leaves it."""
        return self.stretch.num_epochs_of(self.config.schedule.phases[phase].epochs, self.is_last(phase))

    def has_work(self, phase: str) -> bool:
        """Returns whether there is an epoch of a phase to be trained in this stretch."""
        return phase not in self.record.inputs and self.record.num_epochs_of(phase) < self.num_epochs(phase)

    def pass_over(self, phase: str) -> None:
        """Ends a phase that goes on from a state and has trained all that this stretch asks for."""
        if self.pending is not None and self.pending.phase == phase:
            self.record.end_phase(phase, self.pending.feed)

    def must_keep(self, phase: str, leaves_phase: bool) -> bool:
        """Returns whether a state is to be kept after an epoch."""
        if self.stretch.keep_state == "epoch":
            return time.monotonic() >= self.next_state
        return self.stretch.keep_state == "end" and leaves_phase and self.is_last(phase)

    def postpone_state(self, seconds: float) -> None:
        """Lets the next state wait, where states have to.

        Args:
            seconds: that it took to write one.
        """
        pause = self.stretch.seconds_between_states
        self.next_state = time.monotonic() + (max(pause, SECONDS_FOR_EACH_OF_A_STATE * seconds) if pause else 0.0)
