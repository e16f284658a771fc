"""Checks what is to be probed before anything is computed, without importing Keras."""

from emotion_tl.command_config import COMPARED_WEIGHTS, ProbeConfig
from emotion_tl.errors import ConfigurationError
from emotion_tl.validation import check_choice, check_images_and_network, check_positive, check_range


def check_probe_config(config: ProbeConfig) -> None:
    """Checks everything that can be known to be wrong before the data are read.

    Raises:
        ConfigurationError: naming the key, what was expected and what came.
    """
    check_images_and_network(config)
    # The features are computed once, which does not pay for more.
    check_choice("trainer.devices", config.trainer.devices, ("one",))
    check_range("num_bootstrap_resamples", config.num_bootstrap_resamples, 10)
    check_range("confidence_level", config.confidence_level, 0.5, 0.999)
    if config.num_train_images is not None:
        check_range("num_train_images", config.num_train_images, 1)
    check_lists(config)


def check_lists(config: ProbeConfig) -> None:
    """Checks the weights that are compared and the grid."""
    if not config.weights_compared or not config.regularisation:
        name = "regularisation" if config.weights_compared else "weights_compared"
        raise ConfigurationError(f"{name}: expected one value at least. Received: []")
    for weights in config.weights_compared:
        check_choice("weights_compared", weights, COMPARED_WEIGHTS)
    for strength in config.regularisation:
        check_positive("regularisation", strength)
    if "pretrained" in config.weights_compared and config.backbone.weights is None:
        raise ConfigurationError(
            "backbone.weights: expected 'imagenet' or the path of a weights file, as weights_compared holds "
            "pretrained. Received: null. A network without pretrained weights is probed with "
            "weights_compared=[random]."
        )
