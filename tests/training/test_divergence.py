import numpy as np
import pytest

from emotion_tl.errors import TrainingDivergedError
from emotion_tl.training.divergence import DivergenceGuard
from tests.training.networks import make_network


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), 1000.0])
def test_a_loss_that_ran_away_is_told_with_phase_epoch_and_hint(loss):
    guard = DivergenceGuard("unfrozen", num_classes=7, learning_rate=1e-3)
    guard.on_epoch_begin(11)
    with pytest.raises(TrainingDivergedError) as told:
        guard.on_train_batch_end(0, {"loss": loss})
    for part in ("phase unfrozen, epoch 12", "schedule.phases.unfrozen.learning_rate=0.0001", "gradient_clip_norm"):
        assert part in str(told.value)
    with pytest.raises(TrainingDivergedError):
        guard.on_epoch_end(11, {"loss": loss})


def test_a_bad_but_finite_loss_passes():
    guard = DivergenceGuard("frozen", num_classes=7, learning_rate=1e-3)
    guard.on_epoch_begin(0)
    guard.on_train_batch_end(0, {"loss": 20.0})
    guard.on_epoch_end(0, {"loss": 20.0})


def test_a_loss_that_is_not_finite_ends_a_real_training():
    network = make_network()
    network.compile("sgd", "mse")
    guard = DivergenceGuard("frozen", num_classes=7, learning_rate=1e-3)
    with pytest.raises(TrainingDivergedError, match="phase frozen, epoch 1"):
        network.fit(np.ones((8, 2)), np.full((8, 1), np.nan), batch_size=2, verbose=0, callbacks=[guard])
