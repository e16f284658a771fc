"""What a phase is fed: images for the whole network, or cached activations for the part of it above the cut."""

import logging
from dataclasses import dataclass
from functools import cached_property

import keras

from emotion_tl.caching.unavailable import CacheUnavailableError
from emotion_tl.config import ExperimentConfig
from emotion_tl.data.dataset import Dataset, Split
from emotion_tl.fed import WHOLE_NETWORK, told_activations
from emotion_tl.models.transfer_model import TransferModel
from emotion_tl.training.activations import Activations
from emotion_tl.training.cuts import cut_network
from emotion_tl.training.one_pass import compute_for_later_phase, find_later_phase
from emotion_tl.training.row_lookup import RowLookup, are_small, put_on_device
from emotion_tl.training.rows import Rows, image_rows
from emotion_tl.training.views import IMAGE, is_augmenting, view_names
from emotion_tl.training_config import PhaseConfig

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Feed:
    """A network, and what splits feed into it.

    Attributes:
        network: the whole network, or the part of it above the cut; its weights are the whole network's.
        rows: of each split.
        layer: where the network is cut; None where it is whole.
        views: of the training images, where it is cut.
    """

    network: keras.Model
    rows: tuple[Rows, ...]
    layer: str | None = None
    views: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Returns in words what is fed, for the log and the tags."""
        return told_activations(self.layer, self.views) if self.layer else WHOLE_NETWORK


@dataclass(frozen=True)
class PhaseInputs:
    """The network that a phase fits, and what it is fed.

    Attributes:
        feed: as it is read from memory.
        table: all rows on the device, where they are small enough; else None.
        train, val: what is fed: rows, or where there is a table their numbers in it.
    """

    feed: Feed
    table: keras.Variable | None
    train: Rows
    val: Rows

    @cached_property
    def network(self) -> keras.Model:
        """Returns the network from what is fed to the logits."""
        network = self.feed.network
        if self.table is None:
            return network
        numbers = keras.Input((), dtype="int32", name="row")
        rows = RowLookup(self.table, network.input.dtype)(numbers)
        return keras.Model(numbers, network(rows), name=f"{network.name}_by_row")


def phase_inputs(model: TransferModel, dataset: Dataset, config: ExperimentConfig, phase: PhaseConfig) -> PhaseInputs:
    """Returns what a phase is fed. Activations that can be cached and are not yet are computed now."""
    # More views than epochs would cost more than they save.
    views = view_names(config.augmentation, min(config.trainer.cache_views, phase.epochs))
    wanted = ((dataset.train, views), (dataset.val, (IMAGE,)))
    feed = feed_splits(model, phase, config, wanted, find_later_phase(phase, config))
    if feed.layer and is_augmenting(config.augmentation):
        logger.info(
            "cache    augmentation=%s does not draw anew in this phase, which sees fixed views of each image: %s. For "
            "more of them trainer.cache_views=6, for fresh ones trainer.cache=off",
            config.augmentation.name,
            ", ".join(views),
        )
    if not are_small(feed.rows):
        return PhaseInputs(feed, None, *feed.rows)
    table, numbers = put_on_device(feed.rows)
    return PhaseInputs(feed, table, *numbers)


def feed_splits(
    model: TransferModel,
    phase: PhaseConfig,
    config: ExperimentConfig,
    wanted: tuple[tuple[Split, tuple[str, ...]], ...],
    later: PhaseConfig | None = None,
) -> Feed:
    """Returns the part of a network that a phase trains, fed with activations; all of it where they cannot be cached.

    Args:
        wanted: splits, each with the views of its images.
        later: a phase whose activations of them come from the same pass.
    """
    cut = cut_network(model, phase.trainable_blocks) if config.trainer.cache == "auto" else None
    if cut is not None:
        activations = Activations(cut, config)
        obstacle = activations.find_obstacle(wanted)
        if obstacle is None:
            try:
                if later is not None:
                    compute_for_later_phase(activations, model, later, wanted)
                rows = tuple(activations.load(split, views) for split, views in wanted)
                return Feed(cut.tail, rows, cut.layer, wanted[0][1])
            except CacheUnavailableError as error:
                obstacle = str(error)
        logger.warning("%s The whole network is computed instead.", obstacle)
    return Feed(model.network, tuple(image_rows(split) for split, _ in wanted))
