import keras
import numpy as np
import pytest

from emotion_tl.config import BackboneConfig, HeadConfig
from emotion_tl.models.transfer_model import build_transfer_model
from emotion_tl.training.cuts import cut_network
from emotion_tl.training.freezing import set_trainable
from tests.tiny import draw_images, make_config, make_phase

# Sizes at which the backbones are quick.
BACKBONES = [
    ("vgg16", 32),
    ("vgg19", 32),
    ("resnet50", 32),
    ("inceptionv3", 75),
    ("mobilenetv2", 32),
    ("simple_cnn", 24),
]


def build(name: str, image_size: int, head: HeadConfig | None = None, output_block: str | None = None):
    config = make_config(head=head or HeadConfig(name="mlp", units=[8], dropout=0.3, batch_norm=True))
    config.backbone = BackboneConfig(name=name, image_size=image_size, output_block=output_block)
    keras.utils.set_random_seed(0)
    return build_transfer_model(config, (24, 24, 1), 3)


@pytest.mark.parametrize(("name", "image_size"), BACKBONES)
@pytest.mark.parametrize("trainable_blocks", [0, 2])
def test_the_parts_are_the_whole(name, image_size, trainable_blocks):
    model = build(name, image_size)
    set_trainable(model, make_phase(trainable_blocks=trainable_blocks))
    cut = cut_network(model, trainable_blocks)
    images = draw_images(np.arange(3), 1, seed=0)
    whole = keras.ops.convert_to_numpy(model.network(images))
    np.testing.assert_allclose(cut.tail(cut.frozen(images)), whole, rtol=1e-4, atol=1e-6)
    # What the phase trains stands above the cut, all of it, and is the whole network's own.
    assert not cut.frozen.trainable_weights
    trained = {id(weight) for weight in model.network.trainable_weights}
    assert {id(weight) for weight in cut.tail.trainable_weights} == trained


def test_the_head_alone_is_fed_the_pooled_features():
    cut = cut_network(build("vgg16", 64), 0)
    assert (cut.layer, cut.frozen.output.shape) == ("pooling", (None, 512))


def test_the_last_blocks_are_fed_what_stands_before_them():
    model = build("inceptionv3", 75, output_block="mixed4")
    assert cut_network(model, 2).layer == "mixed2"


@pytest.mark.parametrize("trainable_blocks", [None, 3])
def test_nothing_is_frozen_nothing_is_cut(trainable_blocks):
    assert cut_network(build("simple_cnn", 24), trainable_blocks) is None


def test_frozen_dropout_has_no_one_output():
    model = build("baseline_cnn", 24)
    assert cut_network(model, 0) is None
    assert cut_network(model, 1) is None
