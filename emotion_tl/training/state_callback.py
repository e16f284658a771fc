"""Takes states of a training at the ends of its epochs, and puts one back before it goes on."""

import logging
import time

import keras

from emotion_tl.training.state import TrainingState, assign_variables, changing_variables, find_misfit, read_variables
from emotion_tl.training.state_keeper import StateKeeper

logger = logging.getLogger(__name__)

# What Keras' callbacks know of the epochs before. `fit` makes them forget it when it starts.
COUNTERS: dict[str, tuple[str, ...]] = {
    "EarlyStopping": ("wait", "best"),
    "ReduceLROnPlateau": ("wait", "best", "cooldown_counter"),
}


class StateCallback(keras.callbacks.Callback):
    """Puts a state back before the first epoch of a phase, keeps states after epochs, and ends the stretch.

    Stands last: what the other callbacks do at the end of an epoch is part of its state, and they have forgotten their
    counters by the time it puts them back.
    """

    def __init__(self, keeper: StateKeeper, phase: str, feed: str, callbacks: list[keras.callbacks.Callback]):
        """Takes the callbacks of the phase that count or swap, and what the phase is fed, in words."""
        super().__init__()
        self.keeper = keeper
        self.phase = phase
        self.feed = feed
        self.callbacks = callbacks

    def on_train_begin(self, logs=None):
        state, self.keeper.pending = self.keeper.pending, None
        if state is not None:
            self.put_back(state)

    def on_epoch_end(self, epoch, logs=None):
        num_done = self.keeper.record.num_epochs_of(self.phase)
        has_ended = self.model.stop_training or num_done == self.keeper.config.schedule.phases[self.phase].epochs
        leaves_phase = has_ended or num_done == self.keeper.num_epochs(self.phase)
        if self.keeper.must_keep(self.phase, leaves_phase):
            started = time.monotonic()
            self.take(has_ended).write(self.keeper.record.folder)
            self.keeper.postpone_state(time.monotonic() - started)
        # Not by fewer epochs of `fit`: the moving average would take the weights' place after the last of them.
        self.model.stop_training = leaves_phase

    def take(self, has_ended: bool) -> TrainingState:
        """Returns the state of the training now.

        Args:
            has_ended: whether this was the last epoch of the phase. The next one starts from the best weights.
        """
        record, network = self.keeper.record, self.keeper.model.network
        has_best = record.best.epoch is not None
        is_over = has_ended and has_best and self.keeper.is_last(self.phase)
        return TrainingState(
            settings=self.keeper.settings,
            phase=self.phase,
            phase_has_ended=has_ended,
            feed=self.feed,
            inputs=record.inputs,
            rows=record.rows,
            best_epoch=record.best.epoch,
            best_value=record.best.value,
            best_weights=record.best.path if has_best else None,
            network=[] if is_over else read_variables(changing_variables(network, has_best)),
            optimizer=[] if has_ended else read_variables(self.model.optimizer.variables),
            trained=self.positions_of_trained(),
            counters={} if has_ended else self.read_counters(),
        )

    def put_back(self, state: TrainingState) -> None:
        """Makes network, optimizer and callbacks what they were when the state was taken."""
        self.warn_of_other_feed(state)
        optimizer = self.model.optimizer
        if not optimizer.built:
            optimizer.build(self.model.trainable_variables)
        for callback in self.callbacks:
            if isinstance(callback, keras.callbacks.SwapEMAWeights):
                # It then takes the network's weights for the average, which those of the state are, and swaps them back
                # before the next epoch.
                callback.on_test_begin()
            for name, value in state.counters.get(type(callback).__name__, {}).items():
                setattr(callback, name, value)
        if state.trained != self.positions_of_trained():
            self.keeper.check_fit("optimizer", "expected the trained layers of now. Received: others.")
        self.keeper.check_fit("optimizer", find_misfit(optimizer.variables, state.optimizer))
        self.keeper.restore_network(state)
        assign_variables(optimizer.variables, state.optimizer)

    def warn_of_other_feed(self, state: TrainingState) -> None:
        """Says where the cache gives something else than before, so that the epochs to come are others."""
        if state.feed != self.feed:
            logger.warning(
                "state    phase %s was fed %s and goes on with %s: its numbers are not those of one go.",
                self.phase,
                state.feed,
                self.feed,
            )

    def positions_of_trained(self) -> list[int]:
        """Returns where the variables that the optimizer changes stand in the list of the network's variables."""
        positions = {id(variable): number for number, variable in enumerate(self.keeper.model.network.variables)}
        return [positions[id(variable)] for variable in self.model.trainable_variables]

    def read_counters(self) -> dict[str, dict]:
        """Returns what the callbacks have counted, by their class."""
        kinds = {type(callback).__name__: callback for callback in self.callbacks}
        return {
            kind: {name: getattr(kinds[kind], name) for name in names}
            for kind, names in COUNTERS.items()
            if kind in kinds
        }
