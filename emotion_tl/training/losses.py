"""The loss, and how it answers to classes of unequal size."""

import keras
import numpy as np

from emotion_tl.config import ImbalanceConfig


def build_loss(imbalance: ImbalanceConfig, label_smoothing: float, class_counts: np.ndarray) -> keras.losses.Loss:
    """Returns the training loss of one-hot labels (batch, num_classes) and logits (batch, num_classes).

    Args:
        class_counts: int64 (num_classes,), training images per class.
    """
    if imbalance.name == "focal":
        return keras.losses.CategoricalFocalCrossentropy(
            # The loss multiplies by alpha, 0.25 by default; 1 keeps it on the scale of the cross-entropy.
            alpha=1.0,
            gamma=imbalance.focal_gamma,
            from_logits=True,
            label_smoothing=label_smoothing,
        )
    if imbalance.name == "logit_adjust":
        prior = class_counts / class_counts.sum()
        return LogitAdjustedCrossentropy(imbalance.logit_adjustment_temperature * np.log(prior), label_smoothing)
    return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=label_smoothing)


class LogitAdjustedCrossentropy(keras.losses.Loss):
    """Computes the cross-entropy of logits to which each class's scaled log prior is added while training.

    The network learns to answer as if all classes were equally frequent; at prediction nothing is added.

    Reference:
        Menon et al. 2021, "Long-tail learning via logit adjustment", arXiv:2007.07314, equation 10.
    """

    def __init__(self, adjustment: np.ndarray, label_smoothing: float = 0.0, name: str = "logit_adjusted_crossentropy"):
        """Takes the adjustment, float (num_classes,): temperature times log prior."""
        super().__init__(name=name)
        self.adjustment = np.asarray(adjustment, dtype="float32")
        self.label_smoothing = label_smoothing

    def call(self, y_true, y_pred):
        return keras.losses.categorical_crossentropy(
            y_true, y_pred + self.adjustment, from_logits=True, label_smoothing=self.label_smoothing
        )


def class_weights(class_counts: np.ndarray, power: float, max_class_weight: float | None) -> np.ndarray:
    """Returns float32 (num_classes,) weights in proportion to count ** -power, with mean 1 over the training images.

    The mean is taken before the cap, so that a cap takes weight away from rare classes and gives it to none.
    """
    weights = class_counts.astype("float64") ** -power
    weights *= class_counts.sum() / (weights * class_counts).sum()
    return np.minimum(weights, max_class_weight or np.inf).astype("float32")
