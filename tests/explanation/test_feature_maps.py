import keras
import numpy as np
import pytest

from emotion_tl.explanation.feature_maps import cut_at_feature_map, cut_at_last
from tests.explanation.networks import build


@pytest.mark.parametrize(
    ("backbone", "image_size", "layer", "side"),
    [
        # What its last pooling makes smaller, as usual for a VGG; at a smaller size the one before, at 24 pixels.
        ("vgg_fer", 48, "block4_conv2_relu", 6),
        ("vgg_fer", 24, "block3_conv2_relu", 6),
        ("simple_cnn", 48, "block3_pool", 4),
        ("simple_cnn", 24, "block2_pool", 4),
        # None has four cells a side: the largest.
        ("simple_cnn", 22, "block2_pool", 4),
    ],
)
def test_last_feature_map_with_four_cells_a_side_is_taken(backbone, image_size, layer, side):
    network = cut_at_feature_map(build(backbone, image_size).network, backbone)
    assert network.layer == layer
    assert network.features.output.shape[1:3] == (side, side)


def test_both_parts_together_are_the_network():
    model = build("baseline_cnn", 24)
    images = keras.random.uniform((2, 24, 24, 1), 0, 255)
    logits = np.asarray(model.network(images))
    for cut in (cut_at_feature_map(model.probabilities(), "baseline_cnn"), cut_at_last(model.network)):
        assert np.asarray(cut.classifier(cut.features(images))) == pytest.approx(logits, abs=1e-5)
