"""Batches of raw uint8 images for `fit` and `predict`; everything else happens inside the compiled step."""

import keras
import numpy as np

from emotion_tl.config import ImbalanceConfig
from emotion_tl.data.dataset import Split
from emotion_tl.training.losses import class_weights


class TrainingBatches(keras.utils.PyDataset):
    """Yields uint8 images, one-hot labels and, for class weights, sample weights, in a new order each epoch.

    The order depends on the seed and the epoch alone. The images left over when the split is not a multiple of the
    batch size sit out that epoch: a smaller last batch would be compiled a second time.
    """

    def __init__(self, images: Split, num_classes: int, batch_size: int, imbalance: ImbalanceConfig, seed: int):
        """Draws the order of the first epoch."""
        super().__init__()
        self.images = images
        self.batch_size = min(batch_size, len(images))
        self.one_hot = np.eye(num_classes, dtype="float32")[images.labels]
        self.seed = seed
        counts = np.bincount(images.labels, minlength=num_classes)
        self.sample_weights = None
        self.probabilities = None
        if imbalance.name == "class_weight":
            self.sample_weights = class_weights(counts, imbalance.power, imbalance.max_class_weight)[images.labels]
        if imbalance.name == "oversample":
            weights = class_weights(counts, imbalance.power, None)[images.labels].astype("float64")
            self.probabilities = weights / weights.sum()
        self.draw_order(epoch=0)

    def __len__(self) -> int:
        """Returns the number of whole batches."""
        return len(self.images) // self.batch_size

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        """Returns one batch."""
        positions = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        batch = (self.images.read(positions), self.one_hot[positions])
        return batch if self.sample_weights is None else (*batch, self.sample_weights[positions])

    def draw_order(self, epoch: int) -> None:
        """Draws the positions of an epoch: a permutation, or with replacement where rare classes are oversampled.

        Keras' own hook, `on_epoch_end`, is called once more often on some backends than on others.
        """
        generator = np.random.default_rng([self.seed, epoch])
        if self.probabilities is None:
            self.order = generator.permutation(len(self.images))
        else:
            self.order = generator.choice(len(self.images), size=len(self.images), p=self.probabilities)


class EvaluationBatches(keras.utils.PyDataset):
    """Yields all uint8 images and their one-hot labels in their own order."""

    def __init__(self, images: Split, num_classes: int, batch_size: int):
        """Takes the images as they stand."""
        super().__init__()
        self.images = images
        self.batch_size = batch_size
        self.one_hot = np.eye(num_classes, dtype="float32")[images.labels]

    def __len__(self) -> int:
        """Returns the number of batches, the last of which may be smaller."""
        return -(-len(self.images) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns one batch."""
        stop = min((index + 1) * self.batch_size, len(self.images))
        positions = np.arange(index * self.batch_size, stop)
        return self.images.read(positions), self.one_hot[positions]
