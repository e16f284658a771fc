"""The callbacks of a phase, without a phase around them."""

import json
import re
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from rich.console import Console

from emotion_tl.errors import DeviceMemoryError, TrainingDivergedError
from emotion_tl.training import best_epoch
from emotion_tl.training.best_epoch import BestEpoch
from emotion_tl.training.callback_list import UnfetchedLogs
from emotion_tl.training.divergence import CHECK_EVERY, DivergenceGuard
from emotion_tl.training.history import history_table
from emotion_tl.training.memory import explain_memory_errors
from emotion_tl.training.progress import ProgressDisplay, clock
from tests import tiny

LOGS = {"loss": 1.0, "accuracy": 0.5, "val_loss": 1.1, "val_accuracy": 0.45, "val_macro_f1": 0.4}


def make_network() -> keras.Model:
    inputs = keras.Input((2,))
    return keras.Model(inputs, keras.layers.Dense(1)(inputs))


def set_weights(network: keras.Model, value: float) -> None:
    network.set_weights([np.full(weight.shape, value) for weight in network.get_weights()])


# === The best epoch ===


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
    # Another optimizer with other variables takes nothing from the file and misses nothing in it.
    network.compile("sgd", "mse")
    record.restore()


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


# === Divergence ===


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


def fit_with(*callbacks: keras.callbacks.Callback, target: float = 1.0) -> keras.callbacks.History:
    network = make_network()
    network.compile("sgd", "mse")
    pairs = (np.ones((8, 2)), np.full((8, 1), target))
    listed = UnfetchedLogs(list(callbacks), add_history=True, model=network, epochs=1, steps=4, verbose=0)
    return network.fit(*pairs, validation_data=pairs, batch_size=2, verbose=0, callbacks=listed)


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


# === Memory ===


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 123 bytes."),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        ValueError("OOM when allocating tensor with shape[64,64,112,112]"),
    ],
)
def test_out_of_memory_names_the_batch_size_and_what_to_try(error):
    config = tiny.make_config()
    config.trainer.batch_size = 64
    with pytest.raises(DeviceMemoryError) as told, explain_memory_errors(config, "phase frozen"):
        raise error
    for part in ("phase frozen", "trainer.batch_size=64", "Try trainer.batch_size=32", "image_size=24"):
        assert part in str(told.value)
    assert told.value.__cause__ is error


def test_other_errors_pass_as_they_are():
    with pytest.raises(ValueError, match="shapes"), explain_memory_errors(tiny.make_config(), "phase frozen"):
        raise ValueError("shapes differ")


# === Progress ===


def show_epoch(tmp_path, console: Console) -> ProgressDisplay:
    best = BestEpoch(make_network(), "val_accuracy", tmp_path)
    display = ProgressDisplay("unfrozen", first_epoch=3, num_epochs=4, batch_size=8, best=best)
    display.console = console
    display.set_params({"steps": 10})
    display.on_train_begin()
    display.on_epoch_begin(3)
    for batch in range(10):
        display.on_train_batch_end(batch)
    display.on_test_begin()
    best.offer(4, 0.45)
    display.on_epoch_end(3, LOGS)
    return display


def test_progress_is_one_plain_line_an_epoch_where_there_is_no_terminal(tmp_path, capsys):
    show_epoch(tmp_path, Console(highlight=False, soft_wrap=True))
    heading, line = capsys.readouterr().out.splitlines()
    assert "\x1b" not in heading + line
    assert heading.split()[0] == "unfrozen"
    # The first epoch of the phase is the fourth of seven, and the best so far.
    assert line.startswith("epoch 4/7")
    assert line.endswith("*")
    for part in ("1.000", "45.0%", "0.400"):
        assert part in line
    assert max(len(heading), len(line)) <= 100
    assert heading.index("macro-F1") + len("macro-F1") == line.index("0.400") + len("0.400")


def test_progress_on_a_terminal_shows_a_bar_and_takes_it_away(tmp_path, capsys):
    display = show_epoch(tmp_path, Console(force_terminal=True, width=100))
    shown = capsys.readouterr().out
    assert "\x1b[" in shown
    assert "unfrozen  epoch 4/7" in shown  # the bar
    assert display.bar is None
    display.on_epoch_begin(4)
    assert display.bar is not None
    # As the trainer does when it is interrupted.
    display.close()
    assert display.bar is None


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (65, "1:05"), (3599.6, "1:00:00"), (7384, "2:03:04")])
def test_clock(seconds, text):
    assert clock(seconds) == text


def test_history_table_marks_the_best_epoch():
    rows = [{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0}]
    assert history_table(rows, 2)["best"].tolist() == [False, True]
    assert history_table(rows, None)["best"].tolist() == [False, False]
    assert history_table([], None).empty
    assert re.match("epoch,loss,best", history_table(rows, 1).to_csv(index=False))
