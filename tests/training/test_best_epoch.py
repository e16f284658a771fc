"""The best epoch over the phases, and its weights in memory and in the file."""

import json
from types import SimpleNamespace

import h5py
import keras
import numpy as np
import pytest

from emotion_tl.training import best_epoch
from emotion_tl.training.best_epoch import BestEpoch
from tests.training.networks import make_network


def set_weights(network: keras.Model, value: float) -> None:
    network.set_weights([np.full(weight.shape, value) for weight in network.get_weights()])


@pytest.mark.parametrize(
    ("monitor", "values", "best"),
    [
        ("val_accuracy", [0.3, 0.6, 0.6, 0.5], 2),
        ("val_macro_f1", [0.3, 0.2, 0.4], 3),
        ("val_log_loss", [1.0, 0.8, float("nan"), 0.9], 2),
        ("val_loss", [float("nan"), float("inf"), 2.0], 3),
    ],
)
def test_best_epoch_by_metric(monitor, values, best, tmp_path):
    network = make_network()
    record = BestEpoch(network, monitor, tmp_path)
    for epoch, value in enumerate(values, start=1):
        set_weights(network, epoch)
        assert record.offer(epoch, value) == (record.epoch == epoch)
    record.restore()
    assert record.epoch == best
    assert record.value == values[best - 1]
    assert all((weight == best).all() for weight in network.get_weights())
    told = json.loads((tmp_path / "best.json").read_text())
    assert told == {"epoch": best, "monitor": monitor, "value": values[best - 1]}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.json", "best.weights.h5"]


def test_without_a_best_epoch_the_weights_stay(tmp_path):
    network = make_network()
    set_weights(network, 5)
    record = BestEpoch(network, "val_accuracy", tmp_path)
    record.offer(1, float("nan"))
    record.restore()
    assert record.epoch is None
    assert (network.get_weights()[0] == 5).all()


def test_the_best_weights_hold_no_optimizer(tmp_path):
    network = make_network()
    record = BestEpoch(network, "val_loss", tmp_path)
    network.compile("adam", "mse")
    network.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    record.offer(1, 1.0)
    with h5py.File(tmp_path / "best.weights.h5") as file:
        assert not [name for name in file if name.startswith("optimizer")]
        assert "layers" in file


@pytest.fixture
def clock_at(monkeypatch):
    """Sets the clock by which the file of the best weights is written."""

    def set_clock(seconds: float) -> None:
        monkeypatch.setattr(best_epoch, "time", SimpleNamespace(monotonic=lambda: seconds))

    set_clock(0.0)
    return set_clock


def offer_epochs(network: keras.Model, record: BestEpoch, values: list[float]) -> None:
    for epoch, value in enumerate(values, start=1):
        set_weights(network, epoch)
        record.offer(epoch, value)


def weight_in(folder) -> float:
    network = make_network()
    network.load_weights(folder / "best.weights.h5")
    return network.get_weights()[0][0, 0]


def test_the_first_best_weights_are_written_at_once_and_later_ones_every_few_seconds(tmp_path, clock_at):
    network = make_network()
    record = BestEpoch(network, "val_loss", tmp_path)
    offer_epochs(network, record, [5.0, 4.0, 3.0])
    assert record.epoch == 3
    assert weight_in(tmp_path) == json.loads((tmp_path / "best.json").read_text())["epoch"] == 1
    clock_at(best_epoch.SECONDS_BETWEEN_FILES)
    set_weights(network, 4)
    record.offer(4, 2.0)
    assert weight_in(tmp_path) == json.loads((tmp_path / "best.json").read_text())["epoch"] == 4


def test_the_best_weights_do_not_wait_in_memory_for_a_better_epoch(tmp_path, clock_at):
    network = make_network()
    record = BestEpoch(network, "val_loss", tmp_path)
    offer_epochs(network, record, [5.0, 4.0, 4.5])
    assert weight_in(tmp_path) == 1
    clock_at(best_epoch.SECONDS_BETWEEN_FILES)
    set_weights(network, 4)
    assert not record.offer(4, 4.5)
    assert weight_in(tmp_path) == json.loads((tmp_path / "best.json").read_text())["epoch"] == 2
    # The training goes on from where it was.
    assert (network.get_weights()[0] == 4).all()


def test_a_postponed_file_is_written_when_it_is_asked_for(tmp_path, clock_at):
    network = make_network()
    record = BestEpoch(network, "val_loss", tmp_path)
    record.postpone()
    offer_epochs(network, record, [5.0, 4.0, 4.5])
    assert not list(tmp_path.iterdir())
    assert record.path == tmp_path / "best.weights.h5"
    assert weight_in(tmp_path) == 2
    # The training goes on from where it was.
    assert (network.get_weights()[0] == 3).all()


def test_a_file_that_finds_no_room_is_not_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(best_epoch, "LARGEST_OVERHEAD_BYTES", 2**60)
    record = BestEpoch(make_network(), "val_loss", tmp_path)
    with pytest.raises(OSError, match="No space left on device"):
        record.offer(1, 1.0)
    assert not list(tmp_path.iterdir())


def test_what_ended_the_training_is_told_and_not_that_its_best_weights_found_no_room(tmp_path, monkeypatch, caplog):
    record = BestEpoch(make_network(), "val_loss", tmp_path)
    record.postpone()
    record.offer(1, 1.0)
    monkeypatch.setattr(best_epoch, "LARGEST_OVERHEAD_BYTES", 2**60)
    with pytest.raises(KeyboardInterrupt), record.flushed_on_errors():
        raise KeyboardInterrupt
    assert str(tmp_path / "best.weights.h5") in caplog.text


def test_a_phase_without_a_better_epoch_gives_back_what_it_unfroze(tmp_path, clock_at):
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    network.layers[0].trainable = False
    record = BestEpoch(network, "val_loss", tmp_path)
    set_weights(network, 1)
    record.offer(1, 1.0)
    record.restore()
    network.layers[0].trainable = True
    set_weights(network, 2)
    record.offer(2, 2.0)
    record.restore()
    assert all((weight == 1).all() for weight in network.get_weights())


def test_a_better_epoch_of_another_phase_holds_all_layers(tmp_path, clock_at):
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    record = BestEpoch(network, "val_loss", tmp_path)
    offer_epochs(network, record, [2.0, 1.0])
    record.restore()
    network.layers[0].trainable = False
    network.layers[1].set_weights([np.full((2, 1), 3.0), np.full(1, 3.0)])
    record.offer(3, 0.5)
    network.layers[1].set_weights([np.full((2, 1), 4.0), np.full(1, 4.0)])
    record.restore()
    held = keras.models.clone_model(network)
    held.load_weights(tmp_path / "best.weights.h5")
    for of in (network, held):
        assert [weight.flat[0] for weight in of.get_weights()] == [2, 2, 3, 3]
