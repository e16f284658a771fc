"""Says what to do when a step does not fit into the memory of the device."""

from collections.abc import Iterator
from contextlib import contextmanager

from emotion_tl.config import ExperimentConfig
from emotion_tl.errors import DeviceMemoryError

# TensorFlow and JAX raise errors of their own classes; both carry the status code of XLA and TensorFlow in the text.
SIGNS = ("RESOURCE_EXHAUSTED", "Out of memory", "out of memory", "OOM when allocating")


@contextmanager
def explain_memory_errors(config: ExperimentConfig, stage: str) -> Iterator[None]:
    """Turns an out-of-memory error of any backend into one that names the batch size and what to try.

    Raises:
        DeviceMemoryError: in place of the backend's error.
    """
    try:
        yield
    except Exception as error:
        if not isinstance(error, MemoryError) and not any(sign in str(error) for sign in SIGNS):
            raise
        trainer = config.trainer
        raise DeviceMemoryError(
            f"{stage}: out of memory with trainer.batch_size={trainer.batch_size}, "
            f"trainer.evaluation_batch_size={trainer.evaluation_batch_size} and "
            f"backbone.image_size={config.backbone.image_size}. "
            f"Try trainer.batch_size={max(trainer.batch_size // 2, 1)} "
            f"trainer.evaluation_batch_size={max(trainer.evaluation_batch_size // 4, 1)}, then "
            "trainer.precision=mixed_bfloat16, a smaller backbone.image_size, or fewer trainable_blocks."
        ) from error
