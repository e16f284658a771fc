"""The file of a trained model: plain Keras, with the class names in it.

A `.keras` file is a zip archive, and Keras ignores members it does not know. The class names go in as one more member,
so that `keras.models.load_model` loads the file as it is and `load_model` here also tells what the outputs mean.
"""

import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

import keras

from emotion_tl.config import ExperimentConfig
from emotion_tl.data.dataset import Dataset
from emotion_tl.errors import ModelNotFoundError
from emotion_tl.files import replace_file
from emotion_tl.models.transfer_model import TransferModel

MEMBER = "emotion_tl.json"


@dataclass(frozen=True)
class ModelDescription:
    """What a model file says of itself.

    Attributes:
        class_names: names of the outputs, in their order.
        color_mode: "grayscale" or "rgb": channels of the uint8 images it takes.
        backbone: name of its backbone.
        weights: where the backbone's weights came from.
    """

    class_names: tuple[str, ...]
    color_mode: str
    backbone: str
    weights: str


def describe_model(model: TransferModel, dataset: Dataset, config: ExperimentConfig) -> ModelDescription:
    """Returns what a trained model has to say of itself."""
    return ModelDescription(dataset.class_names, config.data.color_mode, config.backbone.name, model.weights.name)


def save_model(model: keras.Model, description: ModelDescription, path: Path) -> None:
    """Writes a model from raw uint8 images to probabilities, whole or not at all."""

    def write(partial: Path) -> None:
        model.save(partial)
        with zipfile.ZipFile(partial, "a") as archive:
            archive.writestr(MEMBER, json.dumps(asdict(description)))

    replace_file(path, write)


def load_model(path: Path) -> tuple[keras.Model, ModelDescription]:
    """Returns a model and its description, without running any code from the file.

    Raises:
        ModelNotFoundError: where the file is missing, damaged or was not written by `save_model`.
    """
    if not path.is_file():
        raise ModelNotFoundError(f"Expected a model file (model.keras of a run). Received: {path}, which is not there.")
    try:
        with zipfile.ZipFile(path) as archive:
            fields = json.loads(archive.read(MEMBER))
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise ModelNotFoundError(
            f"{path}: expected a model.keras that a run of emotion_tl left. Received a file that cannot be read as "
            f"one: {error}"
        ) from error
    fields["class_names"] = tuple(fields["class_names"])
    return model, ModelDescription(**fields)
