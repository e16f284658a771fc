"""Data parallelism: each of several devices takes an equal part of every batch, on the same weights."""

import logging
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from emotion_tl.config import ExperimentConfig
from emotion_tl.errors import ConfigurationError

logger = logging.getLogger(__name__)


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
    added up: BatchNormalization that learns takes its statistics from that part, and dropout and augmentation draw the
    same numbers on every device. Apart from that, the result is that of one device.

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
