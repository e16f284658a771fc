"""Stops a training whose loss has run away, instead of spending the remaining epochs on it."""

import math

import keras

from emotion_tl.errors import TrainingDivergedError

# Batches between two looks at the loss. It is that of so many batches ago, for which the device need not be waited for.
CHECK_EVERY = 25
# Guessing costs log(num_classes). A mean loss this many times larger does not come back.
LARGEST_LOSS = 50.0


class DivergenceGuard(keras.callbacks.Callback):
    """Raises as soon as the training loss is not finite or far above that of guessing, or weights are not finite."""

    def __init__(self, phase: str, num_classes: int, learning_rate: float):
        """Takes what the error message tells."""
        super().__init__()
        self.phase = phase
        self.limit = LARGEST_LOSS * math.log(num_classes)
        self.learning_rate = learning_rate
        self.epoch = 0
        self.next_check = 0
        self.noted: dict | None = None

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
        self.next_check = 0
        self.noted = None

    def on_train_batch_end(self, batch, logs=None):
        # Keras may run several batches before it tells of the last of them.
        if batch >= self.next_check:
            self.check(self.noted)
            self.noted, self.next_check = logs, batch + CHECK_EVERY

    def on_epoch_end(self, epoch, logs=None):
        self.check(logs)
        # The training loss knows nothing of the last update. On val alone a loss may overflow for an epoch, as long as
        # the statistics of BatchNormalization have not settled.
        val_loss = float((logs or {}).get("val_loss", 0.0))
        if not math.isfinite(val_loss) and not are_finite(self.model.trainable_weights):
            raise self.diverged("loss on val", val_loss)

    def check(self, logs: dict | None) -> None:
        """Looks at the loss.

        Raises:
            TrainingDivergedError: naming the phase, the epoch and what to try.
        """
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss) or loss > self.limit:
            raise self.diverged("loss", loss)

    def diverged(self, name: str, loss: float) -> TrainingDivergedError:
        """Returns the error that tells of a loss."""
        return TrainingDivergedError(
            f"The training diverged in phase {self.phase}, epoch {self.epoch + 1}: the {name} is {loss:.4g}. Expected "
            f"a finite loss below {self.limit:.0f}. Try a learning rate ten times smaller "
            f"(schedule.phases.{self.phase}.learning_rate={self.learning_rate / 10:.1g}), "
            f"schedule.phases.{self.phase}.gradient_clip_norm=1, or trainer.precision=float32."
        )


def are_finite(variables: list[keras.Variable]) -> bool:
    """Returns whether no number in some variables is infinite or NaN."""
    return all(bool(keras.ops.all(keras.ops.isfinite(variable))) for variable in variables)
