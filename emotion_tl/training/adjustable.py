"""Dropout, a loss and a weight decay whose numbers may change between two runs of a step that is traced once.

To TensorFlow a Python number is part of the step: another one is another step. What reads a variable instead computes
the same to the last bit. On JAX a compiled step would not see the variable change.
"""

from dataclasses import dataclass

import keras
import numpy as np


@dataclass(frozen=True, eq=False)
class Number:
    """Holds a variable where Keras does not look for weights to list, count and save."""

    variable: keras.Variable

    def set(self, value: float | np.ndarray) -> None:
        """Changes the number, for all steps to come."""
        self.variable.assign(value)


def make_number(shape: tuple[int, ...] = (), dtype: str = "float32") -> Number:
    """Returns a number, or several, to be set before use."""
    # Not autocast: under mixed precision a layer would otherwise read it in its own dtype, after it was rounded.
    variable = keras.Variable(np.zeros(shape), dtype=dtype, trainable=False, autocast=False, name="number")
    return Number(variable)


class AdjustableDropout(keras.layers.Dropout):
    """Keras' layer, but for the rate, which can be changed."""

    def __init__(self, rate: float, **arguments):
        """Takes the arguments of the layer."""
        super().__init__(rate, **arguments)
        self.threshold = make_number(dtype=self.compute_dtype)
        self.scale = make_number(dtype=self.compute_dtype)
        self.adjust(rate)

    def adjust(self, rate: float) -> None:
        """Changes the rate, 0 or more and below 1."""
        self.rate = rate
        self.threshold.set(rate)
        self.scale.set(1 / (1 - rate))

    def call(self, inputs, training=False):
        """Computes what TensorFlow's dropout does with a rate that is a Python number, in the same order."""
        if not training:
            return inputs
        scaled = inputs * self.scale.variable
        drawn = keras.random.uniform(keras.ops.shape(inputs), dtype=inputs.dtype, seed=self.seed_generator)
        return keras.ops.where(drawn >= self.threshold.variable, scaled, keras.ops.zeros_like(inputs))


# Weights files name layers by their class: a head loads them whether its dropout can be adjusted or not.
AdjustableDropout.__name__ = "Dropout"


class AdjustableLoss(keras.losses.Loss):
    """A loss of `emotion_tl.training.losses`, but for label smoothing and logit adjustment, which can be changed."""

    def __init__(self, loss: keras.losses.Loss, num_classes: int):
        """Takes the loss that is computed on the smoothed labels (batch, num_classes) and adjusted logits."""
        super().__init__(name=loss.name, reduction=loss.reduction)
        self.num_classes = num_classes
        self.unsmoothed = without_numbers(loss)
        self.label_scale = make_number()
        self.label_offset = make_number()
        self.logit_offset = make_number((num_classes,))
        self.adjust(loss)

    def adjust(self, loss: keras.losses.Loss) -> None:
        """Takes the numbers of a loss of the same kind."""
        smoothing = loss.label_smoothing
        self.label_scale.set(1.0 - smoothing)
        # Keras divides in float32.
        self.label_offset.set(np.divide(smoothing, self.num_classes, dtype="float32"))
        self.logit_offset.set(getattr(loss, "adjustment", np.zeros(self.num_classes)))

    def call(self, y_true, y_pred):
        labels = y_true * self.label_scale.variable + self.label_offset.variable
        return self.unsmoothed.call(labels, y_pred + self.logit_offset.variable)


def without_numbers(loss: keras.losses.Loss) -> keras.losses.Loss:
    """Returns the loss without label smoothing and logit adjustment."""
    if isinstance(loss, keras.losses.CategoricalFocalCrossentropy):
        return keras.losses.CategoricalFocalCrossentropy(**loss.get_config() | {"label_smoothing": 0.0})
    return keras.losses.CategoricalCrossentropy(from_logits=True)


def make_weight_decay_adjustable(optimizer: keras.optimizers.Optimizer) -> None:
    """Makes the weight decay of an optimizer that was not built yet one of its variables. None stays none."""
    if optimizer.weight_decay is not None:
        optimizer.weight_decay = keras.Variable(optimizer.weight_decay, trainable=False, name="weight_decay")
