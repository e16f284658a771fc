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
    pooled = pool_blocks(model)
    widths = {name: int(tensor.shape[-1]) for name, tensor in pooled.items()}
    together = keras.layers.Concatenate(dtype="float32")(list(pooled.values()))
    network = keras.Model(model.network.input, together, name=f"{model.network.name}_blocks")
    activations = Activations(Cut(ALL_BLOCKS, network, model.network), model, config)
    return [BlockFeatures(load_or_compute(activations, split, config), widths) for split in splits]


def pool_blocks(model: TransferModel) -> dict[str, keras.KerasTensor]:
    """Returns the output of each block, (batch, width), averaged over its places, by the name of the block."""
    outputs = {block.name: model.network.get_layer(block.name).output for block in model.blocks}
    # In float32: under mixed precision a mean over many places would lose digits.
    return {name: keras.layers.GlobalAveragePooling2D(dtype="float32")(output) for name, output in outputs.items()}


def load_or_compute(activations: Activations, split: Split, config: ExperimentConfig) -> np.ndarray:
    """Returns the features from the cache; without it where it is turned off or cannot hold them."""
    if config.trainer.cache == "auto":
        try:
            return activations.load_view(split, IMAGE)
        except CacheUnavailableError as error:
            logger.warning("%s The features are not kept.", error)
    batch_size = config.trainer.evaluation_batch_size
    return activations.cut.frozen.predict(split.read(slice(None)), batch_size=batch_size, verbose=0)
