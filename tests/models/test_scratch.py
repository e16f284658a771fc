import keras
import pytest

from emotion_tl.config import BackboneConfig, ExperimentConfig, HeadConfig
from emotion_tl.models.transfer_model import build_transfer_model


def build(name: str, image_size: int, head: HeadConfig, num_classes: int = 7) -> keras.Model:
    config = ExperimentConfig(backbone=BackboneConfig(name=name, image_size=image_size), head=head)
    return build_transfer_model(config, (image_size, image_size, 3), num_classes).probabilities()


def test_simple_cnn_is_exactly_the_network_many_start_from():
    model = build("simple_cnn", 256, HeadConfig(pooling="flatten", units=[256]))
    assert model.input.shape == (None, 256, 256, 3)
    told = []
    for layer in model.layers:
        match layer:
            case keras.layers.Conv2D():
                told.append(("conv", layer.filters, layer.kernel_size, layer.strides, layer.activation.__name__))
            case keras.layers.Dense():
                told.append(("dense", layer.units))
            case keras.layers.MaxPooling2D():
                told.append(("pool", layer.pool_size))
            case _:
                told.append(type(layer).__name__)
    assert told == [
        "InputLayer",
        # uint8 to float32, then 0..255 to 0..1.
        "Rescaling",
        "Rescaling",
        *(step for filters in (16, 32, 16) for step in (("conv", filters, (3, 3), (1, 1), "relu"), ("pool", (2, 2)))),
        "Flatten",
        ("dense", 256),
        "Activation",
        ("dense", 7),
        "Softmax",
    ]
    # 256 -> 254 -> 127 -> 125 -> 62 -> 60 -> 30 pixels.
    convolutions = (3 * 3 * 3 * 16 + 16) + (3 * 3 * 16 * 32 + 32) + (3 * 3 * 32 * 16 + 16)
    dense = (30 * 30 * 16 * 256 + 256) + (256 * 7 + 7)
    assert model.count_params() == convolutions + dense == 3_698_167


@pytest.mark.parametrize(
    ("name", "num_convolutions", "filters", "has_dropout"),
    [("baseline_cnn", 8, 256, True), ("vgg_fer", 8, 512, False)],
)
def test_stages(name, num_convolutions, filters, has_dropout):
    model = build(name, 48, HeadConfig())
    layers = model.layers
    assert sum(isinstance(layer, keras.layers.Conv2D) for layer in layers) == num_convolutions
    assert sum(isinstance(layer, keras.layers.BatchNormalization) for layer in layers) == num_convolutions
    assert any(isinstance(layer, keras.layers.Dropout) for layer in layers) == has_dropout
    assert model.get_layer("block4_pool").output.shape == (None, 3, 3, filters)


def test_baseline_cnn_has_the_size_it_is_said_to_have():
    assert build("baseline_cnn", 48, HeadConfig()).count_params() == pytest.approx(1.2e6, rel=0.03)
