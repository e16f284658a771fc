"""One pass over the images for two phases: what the head learns from, and what the last blocks learn from after that.

Each phase would start from the pixels otherwise, and compute again most of what the other has computed.
"""

import math

import keras
import numpy as np

from emotion_tl.caching.unavailable import CacheUnavailableError
from emotion_tl.config import ExperimentConfig
from emotion_tl.data.dataset import Split
from emotion_tl.models.transfer_model import TransferModel
from emotion_tl.runtime import choose_jit_compile, find_device
from emotion_tl.training.activations import Activations, predict_images
from emotion_tl.training.cuts import cut_network
from emotion_tl.training.views import view_names
from emotion_tl.training_config import PhaseConfig

# What the head learns from is in memory until all of it is there. Where it is larger its phase makes a pass of its own.
LARGEST_FEATURES_BYTES = 2**30


def compute_for_later_phase(
    above: Activations, model: TransferModel, later: PhaseConfig, wanted: tuple[tuple[Split, tuple[str, ...]], ...]
) -> None:
    """Fills the cache for a phase of the head alone and for a later one that trains blocks, where that saves a pass.

    Args:
        above: what the head learns from.
        wanted: by the phase of the head: splits, each with the views of its images. What the later phase wants beside
            them, and what one of the two has in the cache, is left to their own passes.
    """
    config = above.config
    views = view_names(config.augmentation, min(config.trainer.cache_views, later.epochs))
    shared = [(split, view) for split, own_views in wanted for view in own_views if view in views]
    missing = [each for each in shared if not above.has(*each)]
    cut = cut_network(model, later.trainable_blocks) if missing else None
    if cut is None:
        return
    below = Activations(cut, config)
    # One of them, so that what one is promised is not removed for the sake of the other.
    below.cache = above.cache
    missing = [each for each in missing if not below.has(*each)]
    recipes = [activations.recipe(*each) for activations in (above, below) for each in missing]
    features = [len(split) * math.prod(above.cut.frozen.output.shape[1:]) for split, _ in missing]
    if not missing or np.dtype("float32").itemsize * max(features) > LARGEST_FEATURES_BYTES:
        return
    # What stands in the way is told by the phase that it concerns.
    if above.cache.find_obstacle(*recipes) is not None:
        return
    network = keras.Model(above.cut.frozen.input, [below.cut.frozen.output, above.cut.frozen.output])
    network.compile(jit_compile=choose_jit_compile(config.trainer, find_device()))
    try:
        for split, view in missing:
            compute_both(network, above, below, split, view)
    except CacheUnavailableError:
        return


def find_later_phase(phase: PhaseConfig, config: ExperimentConfig) -> PhaseConfig | None:
    """Returns the next phase that trains some blocks, where this one trains the head alone."""
    phases = list(config.schedule.phases.values())
    # A trial of a head has a phase of its own.
    if phase not in phases or phase.trainable_blocks != 0:
        return None
    after = phases[phases.index(phase) + 1 :]
    later = next((each for each in after if each.trainable_blocks != 0), None)
    return later if later is not None and later.trainable_blocks is not None else None


def compute_both(network: keras.Model, above: Activations, below: Activations, split: Split, view: str) -> None:
    """Computes the activations below, which are large and go to disk as they come, and keeps the features above.

    A pass that goes on where an interrupted one was does not have all of those, which are then left to their own pass.

    Args:
        network: images to both, the lower ones first.
    """
    features = np.empty((len(split), *above.cut.frozen.output.shape[1:]), dtype="float32")
    num_kept = 0

    def compute(start: int, stop: int) -> np.ndarray:
        nonlocal num_kept
        lower, upper = predict_images(network, split, view, slice(start, stop), below.config)
        if start == num_kept:
            features[start:stop], num_kept = upper, stop
        return lower

    below.load_view(split, view, compute)
    if num_kept == len(split):
        above.load_view(split, view, lambda start, stop: features[start:stop])
