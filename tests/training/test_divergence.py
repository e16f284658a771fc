import keras
import numpy as np
import pytest

from emotion_tl.errors import TrainingDivergedError
from emotion_tl.training.callback_list import UnfetchedLogs
from emotion_tl.training.divergence import CHECK_EVERY, DivergenceGuard
from tests.training.networks import make_network


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), 1000.0])
def test_a_loss_that_ran_away_is_told_with_phase_epoch_and_hint(loss):
    guard = DivergenceGuard("unfrozen", num_classes=7, learning_rate=1e-3)
    guard.on_epoch_begin(11)
    with pytest.raises(TrainingDivergedError) as told:
        guard.on_epoch_end(11, {"loss": loss})
    for part in ("phase unfrozen, epoch 12", "schedule.phases.unfrozen.learning_rate=0.0001", "gradient_clip_norm"):
        assert part in str(told.value)


def test_a_bad_but_finite_loss_passes():
    guard = DivergenceGuard("frozen", num_classes=7, learning_rate=1e-3)
    guard.on_epoch_begin(0)
    guard.on_train_batch_end(0, {"loss": 20.0})
    guard.on_epoch_end(0, {"loss": 20.0})


def test_the_loss_is_looked_at_some_batches_later():
    guard = DivergenceGuard("frozen", num_classes=7, learning_rate=1e-3)
    guard.on_epoch_begin(0)
    for batch in range(CHECK_EVERY):
        guard.on_train_batch_end(batch, {"loss": float("nan")})
    with pytest.raises(TrainingDivergedError):
        guard.on_train_batch_end(CHECK_EVERY, {"loss": float("nan")})
    # Another epoch starts from nothing.
    guard.on_epoch_begin(1)
    guard.on_train_batch_end(0, {"loss": 1.0})


class LogsRecorder(keras.callbacks.Callback):
    """Keeps what it is told."""

    def __init__(self):
        super().__init__()
        self.batches, self.validated = [], []

    def on_train_batch_end(self, _, logs=None):
        self.batches.append(logs["loss"])

    def on_test_batch_end(self, _, logs=None):
        self.validated.append(logs["loss"])


def fit_with(
    *callbacks: keras.callbacks.Callback, target: float = 1.0, val_target: float = 1.0, last_rate: float = 0.01
) -> keras.callbacks.History:
    network = make_network()
    rate = keras.optimizers.schedules.PiecewiseConstantDecay([2], [0.01, last_rate])
    network.compile(keras.optimizers.SGD(rate), "mse")
    inputs = np.ones((8, 2))
    listed = UnfetchedLogs(list(callbacks), add_history=True, model=network, epochs=1, steps=4, verbose=0)
    return network.fit(
        inputs,
        np.full((8, 1), target),
        validation_data=(inputs, np.full((8, 1), val_target)),
        batch_size=2,
        verbose=0,
        callbacks=listed,
    )


def test_the_numbers_of_a_batch_are_left_on_the_device():
    recorder = LogsRecorder()
    history = fit_with(recorder)
    assert len(recorder.batches) == len(recorder.validated) == 4
    assert not any(isinstance(loss, float) for loss in [*recorder.batches, *recorder.validated])
    # The last batch tells the mean over the epoch.
    assert history.history["loss"] == pytest.approx([float(recorder.batches[-1])])
    assert history.history["val_loss"] == pytest.approx([float(recorder.validated[-1])])


def test_a_loss_that_is_not_finite_ends_a_real_training():
    with pytest.raises(TrainingDivergedError, match="phase frozen, epoch 1"):
        fit_with(DivergenceGuard("frozen", num_classes=7, learning_rate=1e-3), target=float("nan"))


def test_the_last_update_of_an_epoch_is_looked_at_too():
    with pytest.raises(TrainingDivergedError, match="phase frozen, epoch 1: the loss on val is"):
        fit_with(DivergenceGuard("frozen", num_classes=7, learning_rate=1e-3), target=5.0, last_rate=3e38)


def test_a_loss_on_val_that_overflows_while_the_weights_are_finite_passes():
    history = fit_with(DivergenceGuard("frozen", num_classes=7, learning_rate=1e-3), val_target=float("inf"))
    assert history.history["val_loss"] == [float("inf")]
