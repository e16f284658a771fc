"""What a phase is fed: images for the whole network, or cached activations for the part of it above the cut."""

import logging
from dataclasses import dataclass
from functools import cached_property

import keras

from emotion_tl.caching.unavailable import CacheUnavailableError
from emotion_tl.config import ExperimentConfig
from emotion_tl.data.dataset import Dataset, Split
from emotion_tl.models.transfer_model import TransferModel
from emotion_tl.training.activations import Activations
from emotion_tl.training.cuts import cut_network
from emotion_tl.training.row_lookup import are_small, put_on_device
from emotion_tl.training.rows import Rows, image_rows
from emotion_tl.training.views import IMAGE, view_names
from emotion_tl.training_config import PhaseConfig

logger = logging.getLogger(__name__)

WHOLE_NETWORK = "images"


@dataclass(frozen=True)
class PhaseInputs:
    """The network that a phase fits, and what it is fed.

    Attributes:
        trained: the whole network or the part above the cut; its weights are the whole network's.
        lookup: turns row numbers into what `trained` takes, where the rows are on the device; else None.
        train, val: what is fed.
        description: what that is, in words, for the log and the tags.
    """

    trained: keras.Model
    lookup: keras.Model | None
    train: Rows
    val: Rows
    description: str

    @cached_property
    def network(self) -> keras.Model:
        """Returns the network from what is fed to the logits."""
        if self.lookup is None:
            return self.trained
        return keras.Model(self.lookup.input, self.trained(self.lookup.output), name=f"{self.trained.name}_by_row")

    @property
    def is_cached(self) -> bool:
        """Returns whether activations are fed rather than images."""
        return self.description != WHOLE_NETWORK


def phase_inputs(model: TransferModel, dataset: Dataset, config: ExperimentConfig, phase: PhaseConfig) -> PhaseInputs:
    """Returns what a phase is fed. Activations that can be cached and are not yet are computed now."""
    # More views than epochs would cost more than they save.
    views = view_names(config.augmentation, min(config.trainer.cache_views, phase.epochs))
    wanted = ((dataset.train, views), (dataset.val, (IMAGE,)))
    trained, (train, val), description = feed(model, phase, config, wanted)
    lookup = None
    if are_small((train, val)):
        lookup, (train, val) = put_on_device((train, val), trained.input.dtype)
    return PhaseInputs(trained, lookup, train, val, description)


def feed(
    model: TransferModel,
    phase: PhaseConfig,
    config: ExperimentConfig,
    wanted: tuple[tuple[Split, tuple[str, ...]], ...],
) -> tuple[keras.Model, tuple[Rows, ...], str]:
    """Returns a network, what each split feeds into it, and that in words.

    Args:
        wanted: splits, each with the views of its images.
    """
    cut = cut_network(model, phase.trainable_blocks) if config.trainer.cache == "auto" else None
    if cut is not None:
        activations = Activations(cut, model, config)
        obstacle = activations.find_obstacle(wanted)
        if obstacle is None:
            try:
                rows = tuple(activations.load(split, views) for split, views in wanted)
                return cut.tail, rows, f"cached activations of {cut.layer}; views: {', '.join(wanted[0][1])}"
            except CacheUnavailableError as error:
                obstacle = str(error)
        logger.warning("%s Until then the whole network is computed in every epoch.", obstacle)
    return model.network, tuple(image_rows(split) for split, _ in wanted), WHOLE_NETWORK
