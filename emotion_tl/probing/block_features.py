"""The features of every block of a network, averaged over the places: one pass over the images, kept in the cache."""

import logging
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from emotion_tl.caching.unavailable import CacheUnavailableError
from emotion_tl.config import ExperimentConfig
from emotion_tl.data.dataset import Split
from emotion_tl.models.transfer_model import TransferModel
from emotion_tl.training.activations import Activations
from emotion_tl.training.cuts import Cut
from emotion_tl.training.views import IMAGE

logger = logging.getLogger(__name__)

ALL_BLOCKS = "all blocks"
NUM_LOOKED_AT = 64
"""Images from which the range of the features is told."""
LARGEST_EXPONENT = 8
"""Features within this power of two are stored as they are."""


@dataclass(frozen=True, eq=False)
class BlockFeatures:
    """What the blocks of a network make of the images of a split.

    Attributes:
        features: (n, sum of the widths), the blocks side by side; float16 and memory-mapped where they are cached.
        widths: number of features of each block by its name, from the input to the output.
    """

    features: np.ndarray
    widths: dict[str, int]

    def of_block(self, name: str) -> NDArray[np.float32]:
        """Returns the features of one block in memory, float32 (n, width)."""
        names = list(self.widths)
        start = sum(self.widths[before] for before in names[: names.index(name)])
        return np.array(self.features[:, start : start + self.widths[name]], dtype="float32", order="C")


def load_block_features(
    model: TransferModel, splits: tuple[Split, ...], config: ExperimentConfig
) -> list[BlockFeatures]:
    """Returns the features of each split; they are computed where the cache does not have them."""
    # Of a part of a split the features are those of the whole, in the same range.
    whole = splits[0] if splits[0].whole is None else splits[0].whole
    pooled = rescale(pool_blocks(model), model, whole.read(slice(NUM_LOOKED_AT)))
    widths = {name: int(tensor.shape[-1]) for name, tensor in pooled.items()}
    together = keras.layers.Concatenate(dtype="float32")(list(pooled.values()))
    network = keras.Model(model.network.input, together, name=f"{model.network.name}_blocks")
    activations = Activations(Cut(ALL_BLOCKS, network, model.network), config)
    return [BlockFeatures(load_or_compute(activations, split, config), widths) for split in splits]


def pool_blocks(model: TransferModel) -> dict[str, keras.KerasTensor]:
    """Returns the output of each block, (batch, width), averaged over its places, by the name of the block."""
    outputs = {block.name: model.network.get_layer(block.name).output for block in model.blocks}
    # In float32: under mixed precision a mean over many places would lose digits.
    return {name: keras.layers.GlobalAveragePooling2D(dtype="float32")(output) for name, output in outputs.items()}


def rescale(
    pooled: dict[str, keras.KerasTensor], model: TransferModel, images: NDArray[np.uint8]
) -> dict[str, keras.KerasTensor]:
    """Returns the blocks' features in a range where float16 has its digits.

    Random weights make them smaller from block to block, down to 1e-20. A probe, which standardises its features, does
    not see a constant factor; a power of two does not change their digits either.

    Args:
        images: some of those that the features are computed of.
    """
    outputs = keras.Model(model.network.input, pooled)(images, training=False)
    scaled = {}
    for name, tensor in pooled.items():
        exponent = exponent_of(keras.ops.convert_to_numpy(outputs[name]))
        is_far = abs(exponent) > LARGEST_EXPONENT
        scaled[name] = keras.layers.Rescaling(2.0**-exponent, dtype="float32")(tensor) if is_far else tensor
    return scaled


def exponent_of(features: NDArray[np.float32]) -> int:
    """Returns the power of two that is next to the median of the magnitudes above zero."""
    magnitudes = np.abs(features[features != 0], dtype="float64")
    return round(float(np.log2(np.median(magnitudes)))) if magnitudes.size else 0


def load_or_compute(activations: Activations, split: Split, config: ExperimentConfig) -> np.ndarray:
    """Returns the features from the cache; without it where it is turned off or cannot hold them."""
    if config.trainer.cache == "auto":
        try:
            return activations.load_view(split, IMAGE)
        except CacheUnavailableError as error:
            logger.warning("%s The features are not kept.", error)
    batch_size = config.trainer.evaluation_batch_size
    return activations.cut.frozen.predict(split.read(slice(None)), batch_size=batch_size, verbose=0)
