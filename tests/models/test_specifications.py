import dataclasses

import keras
import pytest

from emotion_tl.config import BackboneConfig
from emotion_tl.errors import ConfigurationError
from emotion_tl.models.scratch import SCRATCH_NETWORKS
from emotion_tl.models.specifications import BACKBONES, check_backbone_config, get_specification
from tests.models.networks import FROM_SCRATCH, PRETRAINED, plain_network, shared_network, smallest_size


def scratch_network(name: str, size: int) -> keras.Model:
    images = keras.Input((size, size, 3))
    return keras.Model(images, SCRATCH_NETWORKS[name](images))


def cuts_everything(network: keras.Model, tensor: keras.KerasTensor) -> bool:
    """Returns whether the output depends on the input through this tensor alone."""
    try:
        keras.Model(tensor, network.output)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("name", list(BACKBONES))
def test_everything_flows_through_each_block(name):
    network = shared_network(name) if name in PRETRAINED else scratch_network(name, smallest_size(name))
    *blocks, last = BACKBONES[name].blocks
    assert network.get_layer(last).output is network.output
    for block in blocks:
        assert cuts_everything(network, network.get_layer(block).output), block


def test_a_layer_inside_a_residual_block_is_no_cut():
    images = keras.Input((4,))
    inside = keras.layers.Dense(4)(images)
    network = keras.Model(images, keras.layers.Add()([images, inside]))
    assert not cuts_everything(network, inside)


@pytest.mark.parametrize("name", FROM_SCRATCH)
def test_minimum_image_size_of_own_networks_is_the_smallest_that_builds(name):
    scratch_network(name, smallest_size(name))
    # Below, a feature map would have no pixels left: Keras refuses to build it.
    with pytest.raises(ValueError, match="zero or negative"):
        scratch_network(name, smallest_size(name) - 1)


@pytest.mark.parametrize("name", PRETRAINED)
def test_minimum_image_size_is_the_one_keras_sets(name):
    size = smallest_size(name) - 1
    with pytest.raises(ValueError, match="Input size must be at least"):
        plain_network(name, input_shape=(size, size, 3))


def test_blocks_up_to():
    specification = get_specification("vgg16")
    assert specification.blocks_up_to("block2_pool") == ("block1_pool", "block2_pool")
    assert specification.blocks_up_to(None) == specification.blocks


def test_unknown_backbone_is_answered_with_the_known_ones():
    with pytest.raises(ConfigurationError, match=r"backbone.name.*vgg16.*inceptionv3.*baseline_cnn.*alexnet"):
        get_specification("alexnet")


@pytest.mark.parametrize("name", list(BACKBONES))
def test_check_backbone_config(name):
    config = BackboneConfig(name=name, image_size=smallest_size(name))
    check_backbone_config(config)
    with pytest.raises(ConfigurationError, match=rf"backbone.image_size: {name} needs at least {config.image_size}"):
        check_backbone_config(dataclasses.replace(config, image_size=config.image_size - 1))
    with pytest.raises(ConfigurationError, match=rf"backbone.output_block.*{BACKBONES[name].blocks[1]}.*conv99"):
        check_backbone_config(dataclasses.replace(config, output_block="conv99"))
    check_backbone_config(dataclasses.replace(config, image_size=1024))
    with pytest.raises(ConfigurationError, match=r"backbone.image_size: expected at most 1024 pixels. Received: 1025"):
        check_backbone_config(dataclasses.replace(config, image_size=1025))


@pytest.mark.parametrize("name", FROM_SCRATCH)
@pytest.mark.parametrize("weights", ["imagenet", "weights.h5"])
def test_a_network_from_scratch_takes_no_weights(name, weights):
    with pytest.raises(ConfigurationError, match=f"backbone.weights.*{name}.*{weights}"):
        check_backbone_config(BackboneConfig(name=name, image_size=256, weights=weights))
