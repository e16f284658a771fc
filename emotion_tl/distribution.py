"""Data parallelism: each of several devices takes an equal part of every batch, on the same weights."""

import logging
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Protocol

from emotion_tl.config import ExperimentConfig
from emotion_tl.errors import ConfigurationError

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)

# Keras' names for what BatchNormalization keeps of the batches.
MOVING_STATISTICS = ("moving_mean", "moving_variance")


class Distribution(Protocol):
    """Where a network is computed: one device, or several as the backend itself distributes over them."""

    def scope(self) -> AbstractContextManager:
        """Puts what is built, compiled, fitted and predicted inside of it on the devices; may be entered again."""


class OneDevice:
    """Leaves everything where the backend puts it."""

    def scope(self) -> AbstractContextManager:
        """Changes nothing."""
        return nullcontext()


def build_distribution(config: ExperimentConfig, names: tuple[str, ...]) -> Distribution:
    """Returns the distribution over the devices in use.

    On JAX the compiled step is one program over all devices, to which a batch is a batch: BatchNormalization and
    gradient clipping see the whole of it. On TensorFlow each device runs the step on its part and the gradients are
    added up: BatchNormalization that learns normalises by the statistics of that part (see `average_statistics`), and
    dropout and augmentation draw the same numbers on every device. Apart from that, the result is that of one device.

    Args:
        names: as in `emotion_tl.runtime.Device`.

    Raises:
        ConfigurationError: where the experiment cannot be computed on that many devices.
    """
    check_distribution(config, len(names))
    if len(names) == 1:
        if config.trainer.devices == "all":
            logger.info("trainer.devices=all: there is one device, so it is the same as trainer.devices=one.")
        return OneDevice()
    if config.trainer.backend == "jax":
        import keras

        return keras.distribution.DataParallel(devices=list(names))
    return mirrored_strategy(names)


@cache
def mirrored_strategy(names: tuple[str, ...]) -> Distribution:
    """Returns TensorFlow's strategy over some devices, the same one for all experiments of a process.

    A second one would number its exchanges between the devices from the start again, and TensorFlow takes those for
    the first one's: an error where the shapes differ.
    """
    import tensorflow

    return tensorflow.distribute.MirroredStrategy(list(names))


def check_distribution(config: ExperimentConfig, num_devices: int) -> None:
    """Checks whether the experiment can be computed on that many devices.

    Raises:
        ConfigurationError: saying what to change.
    """
    trainer = config.trainer
    if trainer.devices == "all" and trainer.backend == "torch":
        raise ConfigurationError(
            "trainer.devices=all: expected trainer.backend=jax or tensorflow. Received: torch, which Keras runs on one "
            "device. Use trainer.devices=one, or start a run on each device with CUDA_VISIBLE_DEVICES."
        )
    if num_devices == 1:
        return
    check_batch_size("trainer.batch_size", trainer.batch_size, num_devices)
    check_batch_size("trainer.evaluation_batch_size", trainer.evaluation_batch_size, num_devices)
    if trainer.backend == "tensorflow":
        check_mirrored(config, num_devices)


def check_batch_size(key: str, batch_size: int, num_devices: int) -> None:
    """Checks that each device gets an equal part of a batch."""
    below = batch_size - batch_size % num_devices
    if below != batch_size:
        nearest = f"{below} or {below + num_devices}" if below else str(num_devices)
        raise ConfigurationError(
            f"{key}: expected a multiple of {num_devices}, the number of devices that share a batch "
            f"(trainer.devices=all). Received: {batch_size}. The nearest: {nearest}."
        )


def check_mirrored(config: ExperimentConfig, num_devices: int) -> None:
    """Refuses what Keras computes differently, or not at all, inside TensorFlow's MirroredStrategy (seen in 3.15)."""
    advice = "Use trainer.backend=jax, or trainer.devices=one."
    if config.trainer.precision == "mixed_float16":
        raise ConfigurationError(
            f"trainer.precision: expected mixed_bfloat16 or float32 on {num_devices} devices with the tensorflow "
            "backend, where an overflow on any device but the first is not seen and gets into the weights. Received: "
            f"mixed_float16. {advice}"
        )
    for name in ("gradient_accumulation_steps", "steps_per_execution"):
        value = getattr(config.trainer, name) or 1
        if value > 1:
            raise ConfigurationError(
                f"trainer.{name}: expected 1 on {num_devices} devices with the tensorflow backend, where it fails. "
                f"Received: {value}. {advice}"
            )
    for name, phase in config.schedule.phases.items():
        if phase.gradient_clip_norm is not None:
            raise ConfigurationError(
                f"schedule.phases.{name}.gradient_clip_norm: expected null on {num_devices} devices with the "
                "tensorflow backend, where each device would clip the gradient of its part rather than of the batch. "
                f"Received: {phase.gradient_clip_norm}. {advice}"
            )


def average_statistics(network: "keras.Model") -> None:
    """Gives each device the mean over the devices of the moving statistics of BatchNormalization.

    Inside TensorFlow's MirroredStrategy each device keeps those of its own parts of the batches, and the first one's
    would be saved. Elsewhere there is nothing to do.
    """
    for variable in network.non_trainable_variables:
        if variable.name not in MOVING_STATISTICS:
            continue
        # Other backends have something else by that name, torch a method.
        copies = getattr(variable.value, "values", None)
        if isinstance(copies, tuple) and len(copies) > 1:
            variable.assign(sum(copies) / len(copies))


def num_devices_in_scope() -> int:
    """Returns over how many devices a batch is split inside the scope this is called in; 1 outside of any."""
    import keras

    if keras.config.backend() == "jax":
        distribution = keras.distribution.distribution()
        return distribution.device_mesh.devices.size if distribution else 1
    if keras.config.backend() == "tensorflow":
        import tensorflow

        return tensorflow.distribute.get_strategy().num_replicas_in_sync
    return 1
