import gc
import json
import weakref
from dataclasses import replace

import keras
import numpy as np
import pytest

from emotion_tl.config import HeadConfig, ImbalanceConfig
from emotion_tl.errors import ConfigurationError, DeviceMemoryError
from emotion_tl.fed import told_activations
from emotion_tl.models.transfer_model import build_transfer_model
from emotion_tl.training import head_trials, kept_heads
from emotion_tl.training.head_trials import HeadTrials
from emotion_tl.training.kept_heads import KeptHeads, RetunedNetwork, can_keep
from emotion_tl.training.stretch import Stretch
from emotion_tl.training.trainer import train
from tests.tiny import make_config, make_dataset, make_phase

HEAD = HeadConfig(name="mlp", pooling="flatten", units=[8], dropout=0.2)
FROZEN = {"trainable_blocks": 0, "learning_rate": 1e-2}


@pytest.fixture
def trials(dataset, tmp_path):
    config = make_config(make_phase(epochs=3, **FROZEN), head=HEAD)
    config.cache_dir = str(tmp_path / "cache")
    keras.utils.set_random_seed(0)
    model = build_transfer_model(config, dataset.image_shape, 3)
    return HeadTrials(model, dataset, config), config, model


def test_a_trial_is_the_training_it_stands_for(trials, dataset, tmp_path):
    trials, config, model = trials
    trial = trials.train(config, tmp_path)
    (tmp_path / "whole").mkdir()
    whole = train(model, dataset, config, tmp_path / "whole")
    columns = ["loss", "accuracy", "val_loss", "val_accuracy", "val_macro_f1", "learning_rate"]
    np.testing.assert_allclose(trial.history[columns], whole.history[columns], rtol=1e-4)
    assert trial.best_epoch == whole.best_epoch
    assert trial.inputs == whole.inputs == {"first": told_activations("pooling", ("image",))}


def test_trials_are_independent_of_each_other(trials, tmp_path):
    trials, config, _ = trials
    other = replace(
        config, head=replace(HEAD, units=[], dropout=0.0), imbalance=ImbalanceConfig("class_weight"), seed=3
    )
    first = trials.train(config, tmp_path).history
    others = trials.train(other, tmp_path).history
    again = trials.train(config, tmp_path).history
    np.testing.assert_array_equal(again["val_loss"], first["val_loss"])
    assert not np.allclose(others["val_loss"], first["val_loss"])


# === Heads that are trained again ===

NUMBERS = ["loss", "accuracy", "val_loss", "val_accuracy", "val_macro_f1", "val_log_loss", "learning_rate"]


def with_phase(config, **settings):
    """Returns the configuration with other settings of its phase."""
    phase = replace(config.schedule.phases["first"], **settings)
    return replace(config, schedule=replace(config.schedule, phases={"first": phase}))


# Pairs of trials that are traced alike, of which the second differs in everything that is a mere number.
PAIRS = {
    "all numbers": (
        {"imbalance": ImbalanceConfig("oversample"), "seed": 5},
        {"learning_rate": 3e-2, "label_smoothing": 0.13, "weight_decay": 3e-3, "dropout": 0.37, "batch_norm": True},
    ),
    "logit adjustment, cosine": (
        {"imbalance": ImbalanceConfig("logit_adjust")},
        {"label_smoothing": 0.2, "dropout": 0.0, "learning_rate_schedule": "cosine", "warmup_epochs": 1.0},
    ),
    "class weights, moving average": (
        {"imbalance": ImbalanceConfig("class_weight", power=0.7)},
        {"optimizer": "sgd", "ema_momentum": 0.8, "gradient_clip_norm": 0.5, "units": []},
    ),
    "focal loss, plateau": (
        {"imbalance": ImbalanceConfig("focal")},
        {
            "label_smoothing": 0.05,
            "optimizer": "adamw",
            "learning_rate_schedule": "plateau",
            "plateau_patience": 0,
            "dropout": 0.6,
        },
    ),
}


@pytest.fixture
def uneven_trials(tmp_path):
    """Trials on classes of unequal size."""
    config = make_config(make_phase(epochs=3, **FROZEN), head=HEAD)
    config.cache_dir = str(tmp_path / "cache")
    dataset = make_dataset([8, 16, 24])
    return HeadTrials(build_transfer_model(config, dataset.image_shape, 3), dataset, config), config


@pytest.mark.parametrize("pair", PAIRS)
def test_a_head_that_was_trained_before_gives_what_a_fresh_one_gives(pair, uneven_trials, tmp_path, monkeypatch):
    trials, config = uneven_trials
    sections, settings = PAIRS[pair]
    of_head = {key: settings[key] for key in ("dropout", "batch_norm", "units") if key in settings}
    of_phase = {key: value for key, value in settings.items() if key not in of_head}
    tried = with_phase(replace(config, head=replace(HEAD, **of_head), **sections), **of_phase)
    weight_decay = 0.1 if of_phase.get("weight_decay") else 0.0
    first = with_phase(tried, weight_decay=weight_decay, label_smoothing=0.31)
    if tried.head.dropout:
        first = replace(first, head=replace(tried.head, dropout=0.51), seed=11)
    if of_phase.get("learning_rate_schedule") != "cosine":
        first = with_phase(first, learning_rate=0.07, epochs=2)
    trials.train(first, tmp_path)
    again = trials.train(tried, tmp_path).history
    assert len(trials.kept_heads.heads) == 1
    weights = read_weights(trials, tried, tmp_path)

    monkeypatch.setattr(head_trials, "can_keep", lambda _: False)
    fresh = trials.train(tried, tmp_path).history
    np.testing.assert_array_equal(again[NUMBERS], fresh[NUMBERS])
    for mine, other in zip(weights, read_weights(trials, tried, tmp_path), strict=True):
        np.testing.assert_array_equal(mine, other)


def read_weights(trials, config, folder) -> list[np.ndarray]:
    """Returns the best weights as a head that was never kept reads them from their file."""
    network = trials.build_head(config).network
    network.load_weights(folder / "best.weights.h5")
    return network.get_weights()


def test_a_head_of_the_same_architecture_is_not_traced_again(trials, tmp_path, monkeypatch):
    trials, config, _ = trials
    assert can_keep(config)
    traced = []

    class Counted(RetunedNetwork):
        def train_step(self, data):
            traced.append(self)
            return super().train_step(data)

    monkeypatch.setattr(kept_heads, "RetunedNetwork", Counted)
    trials.train(config, tmp_path)
    # Once, although its first step makes use of variables that Keras creates late.
    assert len(traced) == 1
    trials.train(with_phase(replace(config, head=replace(HEAD, dropout=0.3)), learning_rate=0.1), tmp_path)
    assert len(traced) == 1
    trials.train(replace(config, head=replace(HEAD, units=[9])), tmp_path)
    assert len(traced) == 2


@pytest.mark.slow
def test_memory_does_not_grow_with_the_architectures(trials, tmp_path):
    trials, config, _ = trials
    trials.kept_heads = KeptHeads(most=1)
    config = with_phase(config, epochs=1)

    def count_graphs(units: int) -> int:
        trials.train(replace(config, head=replace(HEAD, units=[units])), tmp_path)
        assert len(trials.kept_heads.heads) == 1
        gc.collect()
        return sum(type(kept).__name__ == "FuncGraph" for kept in gc.get_objects())

    assert count_graphs(4) == count_graphs(5) == count_graphs(6) > 0


def test_a_trial_in_stretches_is_the_trial_in_one_go(trials, tmp_path):
    trials, config, _ = trials
    (tmp_path / "stretches").mkdir()
    whole = trials.train(config, tmp_path).history
    trials.train(config, tmp_path / "stretches", stretch=Stretch(num_epochs=1, keep_state="end"))
    # Another trial on the same head in between.
    trials.train(replace(config, seed=9), tmp_path)
    going_on = Stretch(resume_from=tmp_path / "stretches")
    stretches = trials.train(config, tmp_path / "stretches", stretch=going_on).history
    np.testing.assert_array_equal(stretches[NUMBERS], whole[NUMBERS])


# === What is left of a trial ===


def test_trials_leave_no_network_behind(trials, tmp_path):
    trials, config, _ = trials
    trials.train(config, tmp_path)
    network = trials.build_head(config).network
    inputs = replace(trials.inputs, feed=replace(trials.inputs.feed, network=network))
    assert inputs.network.output.shape == (None, 3)
    left = weakref.ref(network)
    del network, inputs
    gc.collect()
    assert left() is None


def test_a_trial_keeps_the_weights_of_its_head_alone(trials, tmp_path):
    trials, config, _ = trials
    trials.train(config, tmp_path)
    # 4 x 4 x 32 features, 8 units, 3 classes; not the table of features.
    assert (tmp_path / "best.weights.h5").stat().st_size < 4 * (512 * 8 + 8 * 3) + 50_000


def test_an_interrupted_trial_leaves_its_best_weights(trials, tmp_path):
    trials, config, _ = trials

    def interrupt(row):
        if row["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trials.train(config, tmp_path, (interrupt,))
    assert read_weights(trials, config, tmp_path)
    assert json.loads((tmp_path / "best.json").read_text())["epoch"] in (1, 2)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"head": replace(HEAD, pooling="max")}, "head.pooling"),
        ({"backbone": None}, "backbone"),
        ({"schedule": make_config(make_phase(trainable_blocks=1)).schedule}, "schedule.phases.first.trainable_blocks"),
    ],
)
def test_what_is_no_head_trial_is_refused(trials, tmp_path, change, named):
    trials, config, _ = trials
    with pytest.raises(ConfigurationError, match=named):
        trials.train(replace(config, **change), tmp_path)


def test_features_that_do_not_fit_into_memory_are_told(trials, dataset, monkeypatch):
    def run_out(*_):
        raise MemoryError

    monkeypatch.setattr(head_trials, "phase_inputs", run_out)
    _, config, model = trials
    with pytest.raises(DeviceMemoryError, match="features of the head trials"):
        HeadTrials(model, dataset, config)


def test_a_backbone_without_cached_features_is_refused(dataset, tmp_path):
    config = make_config(make_phase(**FROZEN), head=HEAD)
    config.trainer.cache = "off"
    model = build_transfer_model(config, dataset.image_shape, 3)
    with pytest.raises(ConfigurationError, match=r"trainer\.cache=off"):
        HeadTrials(model, dataset, config)
