"""What is known of each backbone, without Keras: a mistake in a setting is told before Keras is imported."""

from dataclasses import dataclass

from emotion_tl.config import BackboneConfig
from emotion_tl.errors import ConfigurationError

# Far above the sizes these networks were trained with; activations grow with the square.
MAX_IMAGE_SIZE = 1024


@dataclass(frozen=True)
class BackboneSpecification:
    """Facts about a backbone that go with its architecture and its weights.

    Attributes:
        application: name of the function in `keras.applications`; None for a network of our own.
        preprocessing: "caffe" (BGR minus the ImageNet means, 0..255), "tf" (-1..1) or "unit" (0..1).
        minimum_image_size: smallest side in pixels the network accepts.
        channels: 3, or None where grey images need not be made RGB.
        blocks: names of the layers that end the blocks, from the input to the output. Everything flows through each of
            them, so the network can be cut there.
        imagenet_file: file name under which Keras keeps the ImageNet weights in `~/.keras/models`.
    """

    application: str | None
    preprocessing: str
    minimum_image_size: int
    channels: int | None
    blocks: tuple[str, ...]
    imagenet_file: str | None = None

    def blocks_up_to(self, output_block: str | None) -> tuple[str, ...]:
        """Returns the block names of the network cut at `output_block`; None does not cut."""
        return self.blocks[: self.blocks.index(output_block) + 1] if output_block else self.blocks


RESNET50_BLOCKS = tuple(
    f"conv{stage}_block{block}_out"
    for stage, depth in ((2, 3), (3, 4), (4, 6), (5, 3))
    for block in range(1, depth + 1)
)
# A block of MobileNetV2 ends with an addition where its input and output have the same shape.
MOBILENETV2_BLOCKS = tuple(
    f"block_{block}_{'project_BN' if block in (1, 3, 6, 10, 13, 16) else 'add'}" for block in range(1, 17)
)
POOL_BLOCKS = tuple(f"block{block}_pool" for block in range(1, 6))

BACKBONES: dict[str, BackboneSpecification] = {
    "vgg16": BackboneSpecification(
        "VGG16", "caffe", 32, 3, POOL_BLOCKS, "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    ),
    "vgg19": BackboneSpecification(
        "VGG19", "caffe", 32, 3, POOL_BLOCKS, "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
    ),
    "resnet50": BackboneSpecification(
        "ResNet50",
        "caffe",
        32,
        3,
        ("pool1_pool", *RESNET50_BLOCKS),
        "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
    ),
    "inceptionv3": BackboneSpecification(
        "InceptionV3",
        "tf",
        75,
        3,
        tuple(f"mixed{block}" for block in range(11)),
        "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
    ),
    "mobilenetv2": BackboneSpecification(
        "MobileNetV2",
        "tf",
        32,
        3,
        ("expanded_conv_project_BN", *MOBILENETV2_BLOCKS, "out_relu"),
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
    ),
    "baseline_cnn": BackboneSpecification(None, "unit", 16, None, POOL_BLOCKS[:4]),
    "simple_cnn": BackboneSpecification(None, "unit", 22, 3, POOL_BLOCKS[:3]),
    "vgg_fer": BackboneSpecification(None, "unit", 16, None, POOL_BLOCKS[:4]),
}


def get_specification(name: str) -> BackboneSpecification:
    """Returns the facts of a backbone.

    Raises:
        ConfigurationError: on an unknown name; the message lists the right ones.
    """
    if name not in BACKBONES:
        raise ConfigurationError(f"backbone.name: expected one of {', '.join(BACKBONES)}. Received: {name}")
    return BACKBONES[name]


def check_backbone_config(config: BackboneConfig) -> None:
    """Checks a backbone's settings against what is known of it.

    Raises:
        ConfigurationError: on an image of a wrong size, an unknown block, or weights for a network from scratch.
    """
    specification = get_specification(config.name)
    if config.image_size < specification.minimum_image_size:
        raise ConfigurationError(
            f"backbone.image_size: {config.name} needs at least {specification.minimum_image_size} pixels. "
            f"Received: {config.image_size}"
        )
    if config.image_size > MAX_IMAGE_SIZE:
        raise ConfigurationError(
            f"backbone.image_size: expected at most {MAX_IMAGE_SIZE} pixels. Received: {config.image_size}"
        )
    if config.output_block is not None and config.output_block not in specification.blocks:
        raise ConfigurationError(
            f"backbone.output_block: expected one of {', '.join(specification.blocks)} for {config.name}. "
            f"Received: {config.output_block}"
        )
    if config.weights is not None and specification.application is None:
        raise ConfigurationError(
            f"backbone.weights: expected null, {config.name} is trained from scratch. Received: {config.weights}"
        )
