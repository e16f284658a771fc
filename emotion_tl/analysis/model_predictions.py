"""What one model said about the test images, in each of its trainings."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emotion_tl.errors import DataError
from emotion_tl.evaluation.predictions import checked_predictions


@dataclass(frozen=True, eq=False)
class ModelPredictions:
    """The predictions of one model, trained once or several times, on the images of one split.

    Attributes:
        name: of the model, as a report tells it.
        seeds: of the trainings, one per run.
        labels: (n,), int64, positions of the true classes in `class_names`.
        probabilities: (num_seeds, n, num_classes), float64, rows sum to 1.
        has_copy: (n,), bool, the image is also in another split.
        class_names: one per column of the probabilities.

    Raises:
        DataError: where the shapes do not fit or a row is no distribution.
    """

    name: str
    seeds: tuple[int, ...]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    has_copy: NDArray[np.bool_]
    class_names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Checks all of it, and brings the arrays to the types that the attributes tell."""
        probabilities = np.asarray(self.probabilities, dtype=np.float64)
        if not self.seeds or probabilities.ndim != 3 or len(probabilities) != len(self.seeds):
            raise DataError(
                f"Expected probabilities ({len(self.seeds)}, n, {len(self.class_names)}) of {self.name}, one run for "
                f"each seed of {list(self.seeds)}, got {probabilities.shape}. Give each run's predictions and its seed."
            )
        checked = [checked_predictions(self.labels, run, len(self.class_names)) for run in probabilities]
        has_copy = np.asarray(self.has_copy, dtype=bool)
        if has_copy.shape != checked[0][0].shape:
            raise DataError(
                f"Expected has_copy of {self.name} to be {checked[0][0].shape}, as the labels, got {has_copy.shape}. "
                "Take both from the same table of predictions."
            )
        values = {"labels": checked[0][0], "probabilities": np.stack([run for _, run in checked]), "has_copy": has_copy}
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def num_images(self) -> int:
        """Images in the split."""
        return len(self.labels)

    @property
    def num_seeds(self) -> int:
        """Trainings of the model."""
        return len(self.seeds)

    @property
    def support(self) -> NDArray[np.int64]:
        """Images of each class, (num_classes,)."""
        return np.bincount(self.labels, minlength=len(self.class_names))

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which images each run classified rightly, (num_seeds, n)."""
        return self.probabilities.argmax(axis=2) == self.labels


def check_same_images(*models: ModelPredictions) -> None:
    """Raises a DataError unless all models were tested on the same images in the same order, with the same classes."""
    first = models[0]
    for model in models[1:]:
        if model.class_names != first.class_names:
            raise DataError(
                f"Expected the classes of {first.name}, {list(first.class_names)}, got {list(model.class_names)} of "
                f"{model.name}. Compare models of the same classes in the same order."
            )
        if not np.array_equal(model.labels, first.labels):
            raise DataError(
                f"Expected the {first.num_images} test images of {first.name}, got other labels for {model.num_images} "
                f"images of {model.name}. Compare models that were tested on the same images in the same order."
            )
