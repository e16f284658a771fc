"""A training on cached activations is the training it stands for."""

import keras
import numpy as np
import pytest

from emotion_tl.config import BackboneConfig, HeadConfig
from emotion_tl.fed import WHOLE_NETWORK, is_cached, told_activations
from emotion_tl.models.transfer_model import TransferModel, build_transfer_model
from emotion_tl.training.prediction import predict_splits
from emotion_tl.training.trainer import train
from tests.tiny import make_config, make_phase

LOSSES = ["loss", "log_loss", "val_loss", "val_log_loss"]
ACCURACIES = ["accuracy", "val_accuracy"]
# Rounding may decide between two classes that are equally likely.
ONE_IMAGE = 1 / 24 + 1e-6
# With an image size at which it is quick and a learning rate at which its head learns: VGG's features are small.
BACKBONES = [
    ("vgg16", 32, 0.4),
    pytest.param("vgg19", 32, 3.0, marks=pytest.mark.slow),
    pytest.param("resnet50", 32, 1e-2, marks=pytest.mark.slow),
    pytest.param("mobilenetv2", 32, 1e-2, marks=pytest.mark.slow),
    pytest.param("inceptionv3", 75, 1e-2, marks=pytest.mark.slow),
]


def settle(model: TransferModel, images: np.ndarray) -> None:
    """Gives the BatchNormalization layers the statistics of these images, as a trained network has them."""
    layers = [layer for layer in model.network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in layers:
        layer.momentum = 0.0
    model.network(images, training=True)
    for layer in layers:
        layer.momentum = 0.9


def backbone_config(name: str, image_size: int, learning_rate: float, cache: str):
    phases = (
        make_phase(epochs=2, trainable_blocks=0, learning_rate=learning_rate, optimizer="sgd"),
        make_phase(trainable_blocks=1, train_batch_norm=False, learning_rate=1e-3, optimizer="sgd"),
    )
    config = make_config(*phases, head=HeadConfig(name="mlp", units=[8], dropout=0.3))
    config.backbone = BackboneConfig(name=name, image_size=image_size)
    config.trainer.cache = cache
    return config


@pytest.mark.parametrize(("name", "image_size", "learning_rate"), BACKBONES)
def test_same_result_within_float16_rounding(name, image_size, learning_rate, dataset, tmp_path):
    outcomes = {}
    for cache in ("off", "auto"):
        config = backbone_config(name, image_size, learning_rate, cache)
        folder = tmp_path / cache
        folder.mkdir()
        config.cache_dir = str(folder / "cache")
        keras.utils.set_random_seed(0)
        model = build_transfer_model(config, dataset.image_shape, 3)
        settle(model, dataset.train.images[:16])
        result = train(model, dataset, config, folder)
        (probabilities,) = predict_splits(model, config.schedule.phases["second"], (dataset.val,), config)
        outcomes[cache] = (result, probabilities)
    off, cached = outcomes["off"], outcomes["auto"]
    assert off[0].inputs == {"first": WHOLE_NETWORK, "second": WHOLE_NETWORK}
    assert cached[0].inputs["first"] == told_activations("pooling", ("image",))
    assert is_cached(cached[0].inputs["second"])
    np.testing.assert_allclose(cached[0].history[LOSSES], off[0].history[LOSSES], rtol=5e-3, atol=5e-3)
    np.testing.assert_allclose(cached[0].history[ACCURACIES], off[0].history[ACCURACIES], atol=ONE_IMAGE)
    np.testing.assert_allclose(cached[1], off[1], atol=5e-3)
    # It learned something, or this would compare nothing.
    assert off[0].history["loss"].iloc[-1] != pytest.approx(off[0].history["loss"].iloc[0], rel=5e-3)
