"""The trained model in MLflow: with signature, input example and class names."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import mlflow
import numpy as np
from mlflow.models import Model, infer_signature

from emotion_tl.runtime import installed_versions
from emotion_tl.tracking.store import asking_the_store


@asking_the_store
def log_keras_model(model: keras.Model, file: Path, images: np.ndarray, class_names: tuple[str, ...]) -> None:
    """Logs a model to the active run, so that `mlflow models predict` and `serve` work on it.

    Args:
        model: from raw uint8 images to probabilities.
        file: the same model as the run's folder holds it; MLflow gets this file, which has the class names in it.
        images: a few uint8 images (n, height, width, channels) as the input example.

    Raises:
        ConfigurationError: where the store cannot be reached.
    """

    def save_model(path: str, **arguments: Any) -> None:
        # MLflow's Keras flavour writes the input example before it makes the folder (seen in 3.17).
        Path(path).mkdir(parents=True, exist_ok=True)
        mlflow.keras.save_model(path=path, **arguments)
        shutil.copyfile(file, Path(path) / "data" / "model.keras")

    versions = installed_versions()
    Model.log(
        artifact_path=None,
        name="model",
        flavor=SimpleNamespace(save_model=save_model, __name__="mlflow.keras"),
        model=model,
        signature=infer_signature(images, model.predict_on_batch(images)),
        input_example=images,
        # Named here because MLflow would otherwise load the model in another process to find out.
        pip_requirements=[f"{package}=={versions[package]}" for package in ("keras", "numpy", keras.config.backend())],
        metadata={"class_names": list(class_names)},
    )
