"""What the frozen part of a network makes of images: computed once, kept on disk, shared by phases, runs and trials."""

import hashlib
import logging
import math
import time
from typing import Any

import keras
import numpy as np

from emotion_tl.caching.activation_cache import open_activation_cache
from emotion_tl.caching.array_cache import ComputeRows
from emotion_tl.caching.recipe import ArrayRecipe
from emotion_tl.caching.unavailable import CacheUnavailableError
from emotion_tl.config import ExperimentConfig
from emotion_tl.data.dataset import Split
from emotion_tl.identity import hash_content
from emotion_tl.runtime import choose_jit_compile, find_device, installed_versions
from emotion_tl.training.activation_progress import ActivationProgress
from emotion_tl.training.batches import whole_batch_size
from emotion_tl.training.cuts import Cut
from emotion_tl.training.rows import Rows, activation_rows
from emotion_tl.training.views import IMAGE, MIRROR, apply_view, describe_view

logger = logging.getLogger(__name__)

# Batches between two entries in the record from which an interrupted computation goes on. They are fewer above so many
# bytes in float32, of which there are several copies in memory at once.
BATCHES_AT_ONCE = 4
LARGEST_CHUNK_BYTES = 2**27

# One activation of so many is looked at to tell how large they are. Prime, so that no channel is left out.
SAMPLED_EVERY = 97

# Settings of a layer that do not change what it computes outside of training.
WITHOUT_EFFECT = ("name", "trainable", "seed")


class Activations:
    """Computes the activations at one cut, or reads them from the cache."""

    def __init__(self, cut: Cut, config: ExperimentConfig):
        """Takes the network as it is now: other weights below the cut are other activations."""
        self.cut = cut
        self.config = config
        self.cache = open_activation_cache(config.cache_dir, config.trainer.cache_size_limit)
        self.cut.frozen.compile(jit_compile=choose_jit_compile(config.trainer, find_device()))
        self.key_parts = {
            "backbone": config.backbone.name,
            "layer": cut.layer,
            "architecture": hash_architecture(cut.frozen),
            "weights": hash_weights(cut.frozen),
            "precision": config.trainer.precision,
            "backend": keras.config.backend(),
            "backend_version": installed_versions()[keras.config.backend()],
            "device": find_device().kind,
            "keras": keras.__version__,
            "batch_size": config.trainer.evaluation_batch_size,
        }
        # What is compiled rounds in other places. Where nobody asks for it, backend and device decide, and on a GPU
        # trainer.deterministic does too: what comes of its default is left out, as it always was.
        jit_compile = config.trainer.jit_compile
        if jit_compile is None and cut.frozen.jit_compile != (keras.config.backend() == "jax"):
            jit_compile = cut.frozen.jit_compile
        if jit_compile is not None:
            self.key_parts["jit_compile"] = jit_compile

    @property
    def rows_at_once(self) -> int:
        """Images between two entries in the record, whole batches of them."""
        batch_size = self.config.trainer.evaluation_batch_size
        batch_bytes = batch_size * np.dtype("float32").itemsize * math.prod(self.cut.frozen.output.shape[1:])
        return batch_size * max(min(BATCHES_AT_ONCE, LARGEST_CHUNK_BYTES // batch_bytes), 1)

    def recipe(self, split: Split, view: str) -> ArrayRecipe:
        """Returns what the entry of a split and a view is and what it depends on."""
        return ArrayRecipe(
            key_parts=self.key_parts
            | {"images": split.images_fingerprint}
            | describe_view(self.config.augmentation, view),
            shape=tuple(self.cut.frozen.output.shape[1:]),
            num_rows=len(split),
        )

    def find_obstacle(self, wanted: tuple[tuple[Split, tuple[str, ...]], ...]) -> str | None:
        """Returns why the activations of these splits in these views cannot be kept; None where there is room."""
        return self.cache.find_obstacle(*(self.recipe(split, view) for split, views in wanted for view in views))

    def load(self, split: Split, views: tuple[str, ...] = (IMAGE,)) -> Rows:
        """Returns the activations of a split, in these views.

        Raises:
            CacheUnavailableError: where they cannot be kept.
        """
        return activation_rows(split.labels, [self.load_view(split, view) for view in views])

    def load_view(self, split: Split, view: str, computed_before: ComputeRows | None = None) -> np.ndarray:
        """Returns the activations of one view, float16 (n, ...), memory-mapped.

        Args:
            computed_before: returns them, where something else has computed them; the frozen network then is not asked.
        """
        recipe = self.recipe(split, view)
        whole = None if computed_before or self.cache.has(recipe) else self.find_whole(split, view)
        title = f"{self.cut.layer}, {len(split):,} {split.name} images" + (f", {view}" if view != IMAGE else "")
        started = time.perf_counter()
        with ActivationProgress(title, len(split)) as progress:
            activations = self.cache.get_or_compute(
                recipe,
                part_of(whole, split) if whole is not None else self.checked(computed_before or self.rows(split, view)),
                rows_at_once=self.rows_at_once,
                on_progress=progress.update,
                on_wait=lambda: logger.info("cache    %s: another run is computing it, waiting for that", title),
            )
        source = "taken from those of all images" if whole is not None else "computed"
        how = f"{source}, {progress.num_computed:,} images" if progress.num_computed else "read"
        seconds = time.perf_counter() - started
        logger.info("cache    %s: %s in %.1f s, %.1f MB", title, how, seconds, recipe.num_bytes / 1e6)
        return activations

    def has(self, split: Split, view: str) -> bool:
        """Returns whether the activations are there, or those of all images of which the split is a part."""
        splits = (split,) if split.whole is None or view not in (IMAGE, MIRROR) else (split, split.whole)
        return any(self.cache.has(self.recipe(each, view)) for each in splits)

    def find_whole(self, split: Split, view: str) -> np.ndarray | None:
        """Returns the activations of all images of a split that is a part; None where they are not there.

        Views drawn at random depend on the place of an image in its split, and are not those of the part.
        """
        if split.whole is None or view not in (IMAGE, MIRROR):
            return None
        return self.cache.find(self.recipe(split.whole, view))

    def rows(self, split: Split, view: str) -> ComputeRows:
        """Returns the function that computes the activations of the images from one position up to another."""
        return lambda start, stop: predict_images(self.cut.frozen, split, view, slice(start, stop), self.config)[0]

    def checked(self, compute: ComputeRows) -> ComputeRows:
        """Returns the function, with a check that float16 holds what it gives to its usual three digits.

        What is too large for it is the cache's to refuse.

        Raises:
            CacheUnavailableError: where most are smaller than that, as in a deep network with random weights.
        """

        def compute_and_check(start: int, stop: int) -> np.ndarray:
            activations = compute(start, stop)
            magnitudes = np.abs(np.asarray(activations).ravel()[::SAMPLED_EVERY].astype("float32"))
            magnitudes = magnitudes[magnitudes > 0]
            if magnitudes.size and np.median(magnitudes) < np.finfo("float16").smallest_normal:
                reason = f"the activations of {self.cut.layer} are too small for float16"
                raise CacheUnavailableError(self.cache.folder, reason, "Nothing is lost.")
            return activations

        return compute_and_check


def predict_images(
    network: keras.Model, split: Split, view: str, positions: slice, config: ExperimentConfig
) -> list[np.ndarray]:
    """Returns each output of a network for some images of a split in a view, in their order."""
    batch_size = config.trainer.evaluation_batch_size
    starts = range(positions.start, positions.stop, batch_size)
    parts = [slice(start, min(start + batch_size, positions.stop)) for start in starts]
    images = np.concatenate([apply_view(split.read(part), config.augmentation, view, part.start) for part in parts])
    # Whole batches only: a smaller last one would be compiled anew.
    missing = -len(images) % whole_batch_size(batch_size, len(split))
    padded = np.concatenate([images, np.repeat(images[-1:], missing, axis=0)])
    outputs = network.predict(padded, batch_size=batch_size, verbose=0)
    return [output[: len(images)] for output in (outputs if isinstance(outputs, list) else [outputs])]


def part_of(whole: np.ndarray, split: Split) -> ComputeRows:
    """Returns the function that takes the rows of a split from those of the whole split."""
    positions = split.positions_in_whole()
    return lambda start, stop: np.asarray(whole[positions[start:stop]])


def hash_architecture(network: keras.Model) -> str:
    """Returns a hash in hex of what a network computes outside of training, without its weights.

    Layers stand in it by their positions, since Keras numbers their names anew in each process. Its augmentation layers
    hand the images on outside of training and are left out.
    """
    positions: dict[str, int] = {}
    content: list[Any] = []
    for layer in network.get_config()["layers"]:
        if layer["class_name"].startswith("Random"):
            (positions[layer["name"]],) = parents_of(layer, positions)
            continue
        positions[layer["name"]] = len(content)
        content.append([layer["class_name"], without_names(layer["config"]), parents_of(layer, positions)])
    return hash_content(content)


def parents_of(layer: dict[str, Any], positions: dict[str, int]) -> list[int]:
    """Returns the positions of the layers whose outputs a layer takes, from its entry in a network's configuration."""
    found: list[int] = []

    def visit(value: Any) -> None:
        if isinstance(value, dict):
            if "keras_history" in value:
                found.append(positions[value["keras_history"][0]])
            for entry in value.values():
                visit(entry)
        elif isinstance(value, list | tuple):
            for entry in value:
                visit(entry)

    visit(layer["inbound_nodes"])
    return found


def without_names(settings: dict[str, Any]) -> dict[str, Any]:
    """Returns a layer's settings without those that change nothing outside of training."""
    return {key: value for key, value in settings.items() if key not in WITHOUT_EFFECT}


def hash_weights(network: keras.Model) -> str:
    """Returns a hash in hex of all weights of a network, in their order."""
    content = hashlib.blake2b(digest_size=16)
    for weight in network.weights:
        content.update(np.ascontiguousarray(keras.ops.convert_to_numpy(weight)).tobytes())
    return content.hexdigest()
