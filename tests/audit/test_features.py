"""The features by which labels are judged."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from emotion_tl.audit.features import backbone_features, compute_features
from emotion_tl.audit.images import look_at_images
from emotion_tl.command_config import AuditConfig, frozen_experiment
from emotion_tl.config import BackboneConfig, DataConfig
from emotion_tl.errors import WeightsError
from emotion_tl.models.heads import POOLING_LAYER
from emotion_tl.models.transfer_model import build_transfer_model
from tests.audit.planted import IMAGE_SIZE, plain_dataset
from tests.models.networks import shared_network

REPOSITORY = Path(__file__).parent.parent.parent
BLOCK = "block_2_add"


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("features")
    shared_network("mobilenetv2").save_weights(folder / "mobilenetv2.weights.h5")
    weights = str(folder / "mobilenetv2.weights.h5")
    return AuditConfig(
        cache_dir=str(folder / "cache"),
        data=DataConfig(name="planted", source="synthetic_faces", image_size=IMAGE_SIZE, num_images=36),
        backbone=BackboneConfig(name="mobilenetv2", weights=weights, image_size=IMAGE_SIZE, output_block=BLOCK),
    )


@pytest.fixture(scope="module")
def images():
    return look_at_images(plain_dataset())


@pytest.fixture(scope="module")
def expected(config, images):
    model = build_transfer_model(frozen_experiment(config, config.backbone.weights), images.dataset.image_shape, 3)
    pooled = keras.Model(model.network.input, model.network.get_layer(POOLING_LAYER).output)
    return pooled.predict(images.read(np.arange(len(images))), verbose=0)


def test_features_are_the_pooled_output_of_the_block_for_all_splits_in_order(config, images, expected):
    found = backbone_features(images, config)
    assert found.shape == (36, 24)
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-3)
    assert len(list(Path(config.cache_dir).glob("activations/*/array.npy"))) == 3


def test_without_room_in_the_cache_they_are_computed(config, images, expected):
    experiment = frozen_experiment(config, config.backbone.weights)
    model = build_transfer_model(experiment, images.dataset.image_shape, 3)
    np.testing.assert_allclose(compute_features(model, images, experiment), expected, rtol=1e-4, atol=1e-4)


def test_random_weights_never_take_the_place_of_missing_ones(config, images):
    backbone = BackboneConfig(
        name="mobilenetv2", weights="away.weights.h5", image_size=IMAGE_SIZE, allow_random_weights=True
    )
    with pytest.raises(WeightsError, match="away"):
        backbone_features(images, AuditConfig(cache_dir=config.cache_dir, data=config.data, backbone=backbone))


def test_an_audit_imports_no_keras_before_it_needs_features():
    code = "import sys, emotion_tl.audit.audit, emotion_tl.audit.summary; print('keras' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "False"
