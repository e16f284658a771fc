"""Whole trainings, tiny and real."""

from dataclasses import fields, replace

import keras
import numpy as np
import pandas as pd
import pytest

from emotion_tl.config import ImbalanceConfig
from emotion_tl.training import phase as phase_module
from emotion_tl.training import row_lookup
from emotion_tl.training.batches import TrainingBatches
from emotion_tl.training.optimizers import build_optimizer
from emotion_tl.training.phase import phase_callbacks
from emotion_tl.training.prediction import predict_probabilities
from emotion_tl.training.rows import image_rows
from tests import tiny
from tests.tiny import make_config, make_phase
from tests.training.trainings import GOOD, assert_same_weights, run, weights_of

# Decays all kernels to zero in one step.
HARMFUL = make_phase(optimizer="sgd", learning_rate=0.1, weight_decay=10.0, gradient_clip_norm=0.01)
# Frozen, and with a head that has no statistics: nothing on val changes.
STILL = {"learning_rate": 1e-12, "trainable_blocks": 0}
MEASURED = ["seconds", "images_per_second"]


def val_log_loss(network: keras.Model, dataset) -> float:
    probabilities = keras.ops.convert_to_numpy(keras.ops.softmax(network(dataset.val.images)))
    return float(-np.log(probabilities[np.arange(len(dataset.val)), dataset.val.labels]).mean())


# === Phases ===


@pytest.fixture(scope="module")
def phases(dataset, tmp_path_factory):
    """A phase that learns, one that does harm, one that changes nothing; and what was seen after each epoch."""
    folder = tmp_path_factory.mktemp("phases")
    config = make_config(
        make_phase(epochs=3, **GOOD),
        replace(HARMFUL, epochs=2),
        make_phase(**STILL),
        monitor="val_log_loss",
    )
    # To the last digit: a phase that changes nothing must not look better than the one before.
    config.trainer.cache = "off"
    seen, optimizers = [], []

    def build_and_keep(*arguments, **settings):
        optimizers.append(build_optimizer(*arguments, **settings))
        return optimizers[-1]

    def look(row, network):
        optimizer = optimizers[-1]
        csv = pd.read_csv(folder / "history.csv")
        seen.append((row, weights_of(network), type(optimizer).__name__, int(optimizer.iterations), len(csv)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phase_module, "build_optimizer", build_and_keep)
        result, network = run(config, dataset, folder, [look])
    return result, network, seen, folder


def test_epochs_count_on_over_the_phases(phases):
    history = phases[0].history
    assert history["epoch"].tolist() == [1, 2, 3, 4, 5, 6]
    assert history["phase"].tolist() == ["first"] * 3 + ["second"] * 2 + ["third"]


def test_history_holds_every_figure_of_an_epoch(phases):
    history = phases[0].history
    figures = ["loss", "accuracy", "macro_f1", "log_loss"]
    expected = {"epoch", "phase", "learning_rate", "best", *MEASURED, *figures, *(f"val_{name}" for name in figures)}
    assert set(history.columns) == expected
    assert (history[MEASURED] > 0).all(axis=None)
    assert history["learning_rate"].tolist() == pytest.approx([3e-3] * 3 + [0.1] * 2 + [1e-12])


def test_history_csv_is_written_after_each_epoch(phases):
    result, _, seen, folder = phases
    assert [length for *_, length in seen] == [1, 2, 3, 4, 5, 6]
    pd.testing.assert_frame_equal(pd.read_csv(folder / "history.csv"), result.history)


def test_each_phase_has_an_optimizer_of_its_own(phases):
    # 48 images in batches of 16.
    assert [(kind, steps) for _, _, kind, steps, _ in phases[2]] == [
        ("Adam", 3),
        ("Adam", 6),
        ("Adam", 9),
        ("SGD", 3),
        ("SGD", 6),
        ("Adam", 3),
    ]


def test_the_best_epoch_over_all_phases_is_what_remains(phases, dataset):
    result, network, seen, _ = phases
    losses = result.history["val_log_loss"]
    # The second phase did harm, or this would show nothing.
    assert losses[3:5].min() > 2 * losses[:3].min()
    assert result.best_epoch == losses.argmin() + 1 <= 3
    assert result.best_value == losses.min()
    assert result.history["best"].tolist() == [epoch == result.best_epoch for epoch in range(1, 7)]
    assert_same_weights(network, seen[result.best_epoch - 1][1])
    assert val_log_loss(network, dataset) == pytest.approx(result.best_value, rel=1e-4)


def test_a_phase_starts_from_the_best_epoch_so_far(phases):
    losses = phases[0].history["val_log_loss"]
    # The last phase changes nothing.
    assert losses[5] == pytest.approx(losses[:3].min(), rel=1e-4)


def test_early_stopping_ends_its_phase_alone(dataset, tmp_path):
    still = make_phase(epochs=9, early_stopping_patience=2, monitor="val_loss", **STILL)
    result, _ = run(make_config(still, make_phase(epochs=2, **STILL)), dataset, tmp_path)
    assert result.history["phase"].tolist() == ["first"] * 3 + ["second"] * 2
    assert result.history["epoch"].tolist() == [1, 2, 3, 4, 5]


def test_plateau_lowers_the_learning_rate_of_the_epochs_after_it(dataset, tmp_path):
    settings = {"learning_rate_schedule": "plateau", "plateau_patience": 1, "plateau_factor": 0.5}
    result, _ = run(make_config(make_phase(epochs=4, **STILL | settings)), dataset, tmp_path)
    np.testing.assert_allclose(result.history["learning_rate"], [1e-12, 1e-12, 5e-13, 2.5e-13], rtol=1e-3)


@pytest.mark.parametrize(
    ("phase_monitor", "schedule_monitor", "monitor", "mode"),
    [
        (None, "val_accuracy", "val_accuracy", "max"),
        ("val_loss", "val_accuracy", "val_loss", "min"),
        ("val_macro_f1", "val_loss", "val_macro_f1", "max"),
        (None, "val_log_loss", "val_log_loss", "min"),
    ],
)
def test_callbacks_watch_the_named_metric(phase_monitor, schedule_monitor, monitor, mode):
    phase = make_phase(early_stopping_patience=3, learning_rate_schedule="plateau", monitor=phase_monitor)
    plateau, stopping = phase_callbacks(phase, schedule_monitor)
    assert (plateau.monitor, plateau.mode) == (monitor, mode)
    assert (stopping.monitor, stopping.mode, stopping.patience) == (monitor, mode, 3)
    assert phase_callbacks(make_phase(), schedule_monitor) == []


# === What training may see ===


def test_the_test_images_are_not_read(phases, dataset):
    # They raise when they are, and a whole training went by.
    with pytest.raises(AssertionError, match="must not be read"):
        dataset.test.read([0])
    assert len(phases[0].history) == 6


def test_fit_sees_the_order_of_its_seed_and_epoch(dataset, tmp_path, monkeypatch):
    # Images on the device are fed by their numbers, which nobody sees.
    monkeypatch.setattr(row_lookup, "LARGEST_RESIDENT_BYTES", 0)
    seen = []

    class Watched(tiny.Split):
        def read(self, positions):
            seen.append(tuple(positions))
            return super().read(positions)

    watched = replace(
        dataset, train=Watched(**{entry.name: getattr(dataset.train, entry.name) for entry in fields(tiny.Split)})
    )
    config = make_config(make_phase(epochs=2, **GOOD), make_phase(epochs=1, **GOOD), seed=5)
    run(config, watched, tmp_path)
    expected = TrainingBatches(image_rows(dataset.train), 3, 16, ImbalanceConfig(), seed=5)
    for epoch in range(3):
        expected.draw_order(epoch)
        batches = {tuple(expected.order[start : start + 16]) for start in (0, 16, 32)}
        assert batches <= set(seen), f"epoch {epoch}"


@pytest.mark.parametrize("treatment", ["class_weight", "logit_adjust"])
def test_a_treatment_of_imbalance_trains(treatment, tmp_path):
    dataset = tiny.make_dataset([24, 16, 8])
    config = make_config(make_phase(label_smoothing=0.1, **GOOD), imbalance=ImbalanceConfig(name=treatment))
    history = run(config, dataset, tmp_path)[0].history
    assert np.isfinite(history[["loss", "val_loss"]]).all(axis=None)


def test_two_classes_and_a_split_smaller_than_a_batch(tmp_path):
    dataset = tiny.make_dataset([5, 4])
    result, network = run(make_config(make_phase(**GOOD)), dataset, tmp_path)
    assert network.output.shape == (None, 2)
    assert len(result.history) == 1


def test_predict_probabilities_of_a_split_in_its_order(phases, dataset):
    network = phases[1]
    probabilities = predict_probabilities(network, image_rows(dataset.val), batch_size=10)
    assert probabilities.dtype == np.float32
    expected = keras.ops.convert_to_numpy(keras.ops.softmax(network(dataset.val.images)))
    np.testing.assert_allclose(probabilities, expected, rtol=1e-4, atol=1e-6)


# === Moving average of the weights ===


def test_what_is_evaluated_and_saved_are_the_averaged_weights(dataset, tmp_path):
    trajectories, results = {}, {}
    for momentum in (None, 0.8):
        trajectories[momentum] = []

        def look(row, network, seen=trajectories[momentum]):
            seen.append(weights_of(network))

        # One step an epoch.
        config = make_config(make_phase(epochs=4, ema_momentum=momentum, learning_rate=0.01), monitor="val_log_loss")
        config.trainer.batch_size = 48
        results[momentum] = run(config, dataset, tmp_path / str(momentum), [look])
    average = trajectories[None][0]
    for raw, averaged in zip(trajectories[None], trajectories[0.8], strict=True):
        average = [0.8 * old + 0.2 * new for old, new in zip(average, raw, strict=True)]
        for expected, actual in zip(average, averaged, strict=True):
            np.testing.assert_allclose(actual, expected, atol=1e-5)
    assert not np.allclose(trajectories[None][-1][0], trajectories[0.8][-1][0], atol=1e-4)
    result, network = results[0.8]
    assert_same_weights(network, trajectories[0.8][result.best_epoch - 1], tolerance=1e-6)
    assert val_log_loss(network, dataset) == pytest.approx(result.best_value, rel=1e-4)
