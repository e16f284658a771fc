import gc
import weakref
from dataclasses import replace

import keras
import numpy as np
import pytest

from emotion_tl.config import HeadConfig, ImbalanceConfig
from emotion_tl.errors import ConfigurationError
from emotion_tl.models.transfer_model import build_transfer_model
from emotion_tl.training.head_trials import HeadTrials
from emotion_tl.training.trainer import train
from tests.tiny import make_config, make_phase

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
    # The same start: a head of its own takes the first numbers of the seed, that of a whole network later ones.
    head = trials.build_head(config)
    keras.utils.set_random_seed(config.seed)
    head = trials.build_head(config)
    for mine, whole in zip(head.head, model.head, strict=True):
        whole.set_weights(mine.get_weights())
    (tmp_path / "whole").mkdir()
    whole = train(model, dataset, config, tmp_path / "whole")
    columns = ["loss", "accuracy", "val_loss", "val_accuracy", "val_macro_f1", "learning_rate"]
    np.testing.assert_allclose(trial.history[columns], whole.history[columns], rtol=1e-4)
    assert trial.best_epoch == whole.best_epoch
    assert trial.inputs == whole.inputs == {"first": "cached activations of pooling; views: image"}


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


def test_a_backbone_without_cached_features_is_refused(dataset, tmp_path):
    config = make_config(make_phase(**FROZEN), head=HEAD)
    config.trainer.cache = "off"
    model = build_transfer_model(config, dataset.image_shape, 3)
    with pytest.raises(ConfigurationError, match=r"trainer\.cache=off"):
        HeadTrials(model, dataset, config)
