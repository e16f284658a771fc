"""Pictures of what a model looked at in the images it is asked about."""

from operator import methodcaller
from pathlib import Path

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from emotion_tl.data.sources.layout import readable_name
from emotion_tl.explanation.class_activation_map import class_activation_map
from emotion_tl.explanation.feature_maps import cut_at_feature_map, cut_at_last
from emotion_tl.explanation.grad_cam import grad_cam
from emotion_tl.explanation.overlay import beside_overlay
from emotion_tl.files import replace_file

SMALLEST_HEIGHT = 240
"""Pixels; small images are enlarged to it, so that something can be seen."""


class Explainer:
    """Writes each image beside the map of the class that was predicted for it.

    Attributes:
        folder: where the pictures are written, in sub-folders as those of the images.
    """

    def __init__(self, model: keras.Model, backbone: str, method: str, images: Path, folder: Path):
        """Takes the model, one of `EXPLANATION_METHODS`, and the image or folder of images that it is asked about."""
        self.folder = folder
        self._root = images if images.is_dir() else images.parent
        self._explain = grad_cam if method == "grad_cam" else class_activation_map
        self._network = cut_at_feature_map(model, backbone) if method == "grad_cam" else cut_at_last(model)

    def write(self, paths: list[Path], images: NDArray[np.uint8], predicted: NDArray[np.int64]) -> list[str]:
        """Writes the pictures of some images, and returns their paths.

        Args:
            paths: of the image files.
            images: uint8 (n, height, width, 1 or 3), as the network saw them.
            predicted: (n,), positions of the predicted classes.

        Raises:
            ConfigurationError: where the method does not fit the head of the model.
        """
        maps = self._explain(self._network, images, predicted).maps
        written = []
        for path, image, activation_map in zip(paths, images, maps, strict=True):
            # With the suffix of the image, for a.jpg and a.png may stand side by side.
            picture = self.folder / path.relative_to(self._root).with_name(f"{path.name}.png")
            picture.parent.mkdir(parents=True, exist_ok=True)
            content = draw(image, activation_map)
            replace_file(picture, methodcaller("write_bytes", content))
            written.append(readable_name(picture.as_posix()))
        return written


def draw(image: NDArray[np.uint8], activation_map: NDArray[np.float32]) -> bytes:
    """Returns an image beside its map as a PNG file."""
    factor = max(1, round(SMALLEST_HEIGHT / image.shape[0]))
    size = (image.shape[1] * factor, image.shape[0] * factor)
    enlarged = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), "uint8").reshape(*size[::-1], -1)
    enlarged_map = np.asarray(cv2.resize(activation_map, size, interpolation=cv2.INTER_LINEAR), "float32")
    shown = beside_overlay(enlarged, enlarged_map)
    return cv2.imencode(".png", cv2.cvtColor(shown, cv2.COLOR_RGB2BGR))[1].tobytes()
