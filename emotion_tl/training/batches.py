"""Batches of what a network is fed, for `fit` and `predict`; everything else happens inside the compiled step."""

import keras
import numpy as np

from emotion_tl.config import ImbalanceConfig
from emotion_tl.distribution import num_devices_in_scope
from emotion_tl.errors import ConfigurationError
from emotion_tl.training.losses import class_weights
from emotion_tl.training.rows import Rows


class TrainingBatches(keras.utils.PyDataset):
    """Yields inputs, one-hot labels and, for class weights, sample weights, in a new order each epoch.

    The order depends on the seed and the epoch alone, as does the view in which each image is seen, where there are
    several. The images left over when the split is not a multiple of the batch size sit out that epoch: a smaller last
    batch would be compiled a second time.
    """

    def __init__(self, rows: Rows, num_classes: int, batch_size: int, imbalance: ImbalanceConfig, seed: int):
        """Draws the order of the first epoch."""
        super().__init__()
        self.rows = rows
        num_devices = num_devices_in_scope()
        if len(rows) < num_devices:
            raise ConfigurationError(
                f"trainer.devices=all: expected at least {num_devices} training images, one a device. "
                f"Received: {len(rows)}. Use trainer.devices=one."
            )
        self.batch_size = min(batch_size, len(rows) // num_devices * num_devices)
        self.one_hot = np.eye(num_classes, dtype="float32")[rows.labels]
        self.seed = seed
        counts = rows.class_counts(num_classes)
        self.sample_weights = None
        self.probabilities = None
        if imbalance.name == "class_weight":
            self.sample_weights = class_weights(counts, imbalance.power, imbalance.max_class_weight)[rows.labels]
        if imbalance.name == "oversample":
            weights = class_weights(counts, imbalance.power, None)[rows.labels].astype("float64")
            self.probabilities = weights / weights.sum()
        self.draw_order(epoch=0)

    def __len__(self) -> int:
        """Returns the number of whole batches."""
        return len(self.rows) // self.batch_size

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        """Returns one batch."""
        batch_rows = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        positions = batch_rows % len(self.rows)
        batch = (self.rows.read(batch_rows), self.one_hot[positions])
        return batch if self.sample_weights is None else (*batch, self.sample_weights[positions])

    def draw_order(self, epoch: int) -> None:
        """Draws the rows of an epoch: a permutation, or with replacement where rare classes are oversampled.

        Keras' own hook, `on_epoch_end`, is called once more often on some backends than on others.
        """
        generator = np.random.default_rng([self.seed, epoch])
        num_images = len(self.rows)
        if self.probabilities is None:
            self.order = generator.permutation(num_images)
        else:
            self.order = generator.choice(num_images, size=num_images, p=self.probabilities)
        if self.rows.num_views > 1:
            self.order = self.order + num_images * generator.integers(self.rows.num_views, size=num_images)


def whole_batch_size(batch_size: int, num_rows: int) -> int:
    """Returns the size of batches that are filled up: no more than all rows take, an equal part for each device."""
    num_devices = num_devices_in_scope()
    return min(batch_size, -(-num_rows // num_devices) * num_devices)


class EvaluationBatches(keras.utils.PyDataset):
    """Yields the inputs of all images in their own order, their one-hot labels and weights.

    All batches have one size, so that the step is compiled once and several devices get equal parts: the last batch is
    filled up with copies of the last image, whose weight is 0. The weights of the images add up to the number of rows,
    copies included, so that a loss that divides by that number is the mean over the images.
    """

    def __init__(self, rows: Rows, num_classes: int, batch_size: int):
        """Takes the images in their first view."""
        super().__init__()
        self.rows = rows
        self.batch_size = whole_batch_size(batch_size, len(rows))
        self.one_hot = np.eye(num_classes, dtype="float32")[rows.labels]

    def __len__(self) -> int:
        """Returns the number of batches."""
        return -(-len(self.rows) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns one batch."""
        numbers = np.arange(index * self.batch_size, (index + 1) * self.batch_size)
        positions = np.minimum(numbers, len(self.rows) - 1)
        weight = len(self) * self.batch_size / len(self.rows)
        weights = np.where(numbers < len(self.rows), weight, 0).astype("float32")
        return self.rows.read(positions), self.one_hot[positions], weights
