"""Grad-CAM against what is known: a planted signal, gradients by differences, weights that are shuffled."""

import keras
import numpy as np
import pytest
from scipy.stats import spearmanr

from emotion_tl.config import HeadConfig
from emotion_tl.explanation.feature_maps import cut_at_feature_map
from emotion_tl.explanation.grad_cam import IMAGES_AT_ONCE, grad_cam
from emotion_tl.inference.model_file import ModelDescription, load_model, save_model
from emotion_tl.models.specifications import BACKBONES
from emotion_tl.training.trainer import train
from tests import tiny
from tests.explanation.networks import CORNERS, PATCH, brightness_network, build, draw_patches

LARGE = ("vgg16", "vgg19", "resnet50", "inceptionv3", "mobilenetv2")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in LARGE else ()) for name in BACKBONES]
)
def test_every_backbone_is_explained(name):
    network = cut_at_feature_map(build(name, max(32, BACKBONES[name].minimum_image_size)).network, name)
    images = tiny.make_split("test", [1, 1, 1]).images
    found = grad_cam(network, images, [0, 1, 2])
    assert found.maps.shape == images.shape[:3]
    assert np.isfinite(found.maps).all()
    assert found.maps.min() >= 0
    assert found.maps.max(axis=(1, 2)) == pytest.approx(1 - found.is_empty.astype(float))
    # With a map of one cell, which says nothing, a network would be explained at its end only.
    assert min(network.features.output.shape[1:3]) > 1


def test_map_is_brightest_at_the_planted_patch():
    network = cut_at_feature_map(brightness_network(), "simple_cnn")
    found = grad_cam(network, draw_patches(CORNERS), [1] * len(CORNERS))
    for (top, left), activation_map in zip(CORNERS, found.maps, strict=True):
        row, column = np.unravel_index(activation_map.argmax(), activation_map.shape)
        assert (row, column) == pytest.approx((top + PATCH / 2, left + PATCH / 2), abs=PATCH)
        inside = activation_map[top : top + PATCH, left : left + PATCH]
        assert inside.mean() > 2 * activation_map.mean()


@pytest.mark.parametrize("label", [0, 2])
def test_map_is_empty_where_nothing_speaks_for_the_class(label):
    network = cut_at_feature_map(brightness_network(), "simple_cnn")
    found = grad_cam(network, draw_patches(CORNERS), [label] * len(CORNERS))
    assert found.is_empty.all()
    assert not found.maps.any()


def test_gradient_is_that_of_the_logit():
    """Against differences of the logit itself; the gradient of a probability would be smaller."""
    head = HeadConfig(name="mlp", pooling="avg", units=[5])
    network = cut_at_feature_map(build("simple_cnn", tiny.IMAGE_SIZE, head).probabilities(), "simple_cnn")
    features = np.random.default_rng(0).normal(size=(2, *network.features.output.shape[1:])).astype("float32")
    chosen = np.eye(3, dtype="float32")[[2, 0]]
    gradients = network.gradients(features, chosen)
    for place in [(0, 1, 1, 3), (1, 0, 2, 5), (1, 2, 0, 0)]:
        step = np.zeros_like(features)
        step[place] = 0.01
        higher, lower = (keras.ops.convert_to_numpy(network.classifier(features + sign * step)) for sign in (1, -1))
        difference = ((higher - lower) * chosen).sum()
        assert gradients[place] == pytest.approx(difference / 0.02, rel=0.02, abs=1e-4)


def test_batches_do_not_show():
    network = cut_at_feature_map(build("simple_cnn", tiny.IMAGE_SIZE).network, "simple_cnn")
    images = tiny.make_split("test", [IMAGES_AT_ONCE, 5, 0]).images
    classes = np.arange(len(images)) % 3
    together = grad_cam(network, images, classes)
    alone = grad_cam(network, images[-2:], classes[-2:])
    assert together.maps[-2:] == pytest.approx(alone.maps, abs=1e-5)


def test_saved_model_is_explained_as_the_trained_one(tmp_path):
    model = build("baseline_cnn", tiny.IMAGE_SIZE)
    save_model(
        model.probabilities(),
        ModelDescription(tiny.CLASSES, "grayscale", "baseline_cnn", "random"),
        tmp_path / "model.keras",
    )
    loaded, description = load_model(tmp_path / "model.keras")
    images = tiny.make_split("test", [1, 1, 1]).images
    expected = grad_cam(cut_at_feature_map(model.network, "baseline_cnn"), images, [0, 1, 2])
    found = grad_cam(cut_at_feature_map(loaded, description.backbone), images, [0, 1, 2])
    assert found.maps == pytest.approx(expected.maps, abs=1e-5)


def test_randomised_weights_change_the_map(tmp_path, dataset):
    """The sanity check of Adebayo et al. 2018, arXiv:1810.03292: a map that stays shows edges, not what was learned."""
    config = tiny.make_config(tiny.make_phase(epochs=6, learning_rate=3e-3), head=HeadConfig(name="linear"))
    config.cache_dir = str(tmp_path)
    model = build("simple_cnn", tiny.IMAGE_SIZE, output_block="block2_pool")
    train(model, dataset, config, tmp_path)
    images, labels = dataset.val.images, dataset.val.labels
    before = grad_cam(cut_at_feature_map(model.network, "simple_cnn"), images, labels)
    again = grad_cam(cut_at_feature_map(model.network, "simple_cnn"), images, labels)
    other = build("simple_cnn", tiny.IMAGE_SIZE, output_block="block2_pool")
    model.network.set_weights(other.network.get_weights())
    after = grad_cam(cut_at_feature_map(model.network, "simple_cnn"), images, labels)
    assert mean_rank_correlation(before, again) == pytest.approx(1)
    assert mean_rank_correlation(before, after) < 0.5


def mean_rank_correlation(one, other) -> float:
    """Returns Spearman's rank correlation of the maps of an image, averaged over the images where both have one."""
    both = np.flatnonzero(~one.is_empty & ~other.is_empty)
    assert len(both) > 0
    return float(np.mean([spearmanr(one.maps[row].ravel(), other.maps[row].ravel()).statistic for row in both]))
