"""A whole training, as the tests of this folder run it."""

import keras
import numpy as np

from emotion_tl.models.transfer_model import build_transfer_model
from emotion_tl.training.record import TrainingResult
from emotion_tl.training.trainer import train

GOOD = {"learning_rate": 3e-3}


def run(config, dataset, folder, listeners=()) -> tuple[TrainingResult, keras.Model]:
    """Builds and trains as an experiment does, and returns the result and the network."""
    folder.mkdir(parents=True, exist_ok=True)
    config.cache_dir = str(folder / "cache")
    # As `runtime.configure`, which would also make TensorFlow slower for the rest of the tests.
    keras.utils.set_random_seed(config.seed)
    model = build_transfer_model(config, dataset.image_shape, dataset.num_classes)
    listeners = tuple(lambda row, told=told: told(row, model.network) for told in listeners)
    return train(model, dataset, config, folder, listeners), model.network


def weights_of(network: keras.Model) -> list[np.ndarray]:
    return [np.array(weight) for weight in network.get_weights()]


def assert_same_weights(network: keras.Model, expected: list[np.ndarray], tolerance: float = 0.0) -> None:
    for actual, value in zip(network.get_weights(), expected, strict=True):
        np.testing.assert_allclose(actual, value, rtol=tolerance, atol=tolerance)
