"""Stops a training whose loss has run away, instead of spending the remaining epochs on it."""

import math

import keras

from emotion_tl.errors import TrainingDivergedError

# Guessing costs log(num_classes). A mean loss this many times larger does not come back.
LARGEST_LOSS = 50.0


class DivergenceGuard(keras.callbacks.Callback):
    """Raises as soon as the training loss is not finite or far above that of guessing."""

    # With JAX, Keras calls it from a thread that waits for a step, while the next ones are handed to the device.
    async_safe = True

    def __init__(self, phase: str, num_classes: int, learning_rate: float):
        """Takes what the error message tells."""
        super().__init__()
        self.phase = phase
        self.limit = LARGEST_LOSS * math.log(num_classes)
        self.learning_rate = learning_rate
        self.epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        self.check(logs)

    def on_epoch_end(self, epoch, logs=None):
        self.check(logs)

    def check(self, logs: dict | None) -> None:
        """Looks at the loss.

        Raises:
            TrainingDivergedError: naming the phase, the epoch and what to try.
        """
        loss = float((logs or {}).get("loss", 0.0))
        if math.isfinite(loss) and loss <= self.limit:
            return
        raise TrainingDivergedError(
            f"The training diverged in phase {self.phase}, epoch {self.epoch + 1}: the loss is {loss:.4g}. Expected a "
            f"finite loss below {self.limit:.0f}. Try a learning rate ten times smaller "
            f"(schedule.phases.{self.phase}.learning_rate={self.learning_rate / 10:.1g}), "
            f"schedule.phases.{self.phase}.gradient_clip_norm=1, or trainer.precision=float32."
        )
