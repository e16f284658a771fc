import pytest

from emotion_tl.config import HeadConfig
from emotion_tl.errors import ConfigurationError
from emotion_tl.explanation.class_activation_map import class_activation_map
from emotion_tl.explanation.feature_maps import cut_at_last
from emotion_tl.explanation.grad_cam import grad_cam
from tests import tiny
from tests.explanation.networks import build


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_equals_grad_cam_where_the_head_is_linear(dropout):
    head = HeadConfig(name="linear", pooling="avg", dropout=dropout)
    network = cut_at_last(build("simple_cnn", 48, head).probabilities())
    images = tiny.make_split("test", [4, 4, 4]).images
    classes = [number % 3 for number in range(12)]
    expected, found = grad_cam(network, images, classes), class_activation_map(network, images, classes)
    assert found.is_empty.tolist() == expected.is_empty.tolist()
    assert not found.is_empty.all()
    assert found.maps == pytest.approx(expected.maps, abs=1e-4)


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (HeadConfig(name="mlp", units=[4]), "GlobalAveragePooling2D, Dense, Activation, Dense"),
        (HeadConfig(name="max", pooling="max"), "GlobalMaxPooling2D, Dense"),
    ],
)
def test_other_heads_are_refused_with_their_layers(head, told):
    network = cut_at_last(build("simple_cnn", tiny.IMAGE_SIZE, head).network)
    with pytest.raises(ConfigurationError, match=told):
        class_activation_map(network, tiny.make_split("test", [1, 0, 0]).images, [0])
