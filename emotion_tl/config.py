"""The typed configuration of an experiment.

The fields are the keys of the YAML files under ``conf/`` and of the command line. This module imports neither Keras nor
Hydra, so that a mistake in a setting is told at once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, cast

from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import ConfigKeyError, MissingMandatoryValue, OmegaConfBaseException

from emotion_tl.errors import ConfigurationError
from emotion_tl.training_config import ScheduleConfig, TrainerConfig

DEDUP_CHOICES = ("none", "drop_train_copies", "clean")


@dataclass
class DataConfig:
    """Where the faces come from and how they are stored and split.

    Attributes:
        name: what the data set is called in runs and reports.
        source: the reader, one of `emotion_tl.data.sources.SOURCES`.
        path: the folder, zip archive or table that is read; None where the source needs none or fetches its own.
        classes: the classes to take, in this order; None takes all of them.
        image_size: side of the stored square image in pixels.
        color_mode: "grayscale" (one channel is stored) or "rgb" (three).
        val_fraction: share of the training images that becomes val where the source has no val split.
        test_fraction: share of all images that becomes test where the source has no test split.
        person_pattern: regular expression whose group finds in the name of an image who is on it; splits made here
            keep each person on one side. None: nothing is known of who is on the images.
        split_seed: seed of the splits made here; not the run's, so that all seeds are compared on the same test images.
        dedup: one of `DEDUP_CHOICES`. "drop_train_copies" leaves out of train what also stands in val or test, and of
            val what also stands in test; "clean" also leaves out of both what has copies of another label or one
            constant value, and repeated train images. Test is never touched.
        train_fraction: share of the train images that is learnt from, the same of each class.
        max_bad_fraction: share of unreadable images above which the data set is refused.
        max_image_pixels: width times height above which an image is refused as a decompression bomb.
        path_column, pixels_column, label_column, split_column: columns of a table (source "csv").
        num_images: number of images drawn (source "synthetic_faces").
        drawing_seed: seed of the drawn images (source "synthetic_faces").
    """

    name: str = MISSING
    source: str = MISSING
    path: str | None = None
    classes: list[str] | None = None
    image_size: int = 48
    color_mode: str = "grayscale"
    val_fraction: float = 0.1
    test_fraction: float = 0.15
    person_pattern: str | None = None
    split_seed: int = 0
    dedup: str = "none"
    train_fraction: float = 1.0
    max_bad_fraction: float = 0.01
    max_image_pixels: int = 50_000_000
    path_column: str | None = None
    pixels_column: str | None = None
    label_column: str | None = None
    split_column: str | None = None
    num_images: int = 0
    drawing_seed: int = 0


@dataclass
class AugmentationConfig:
    """Random changes of the training images, as arguments of the Keras layers of the same name.

    Attributes:
        name: what the augmentation is called in runs.
        horizontal_flip: mirror half of the images.
        rotation_factor: largest rotation as a fraction of a full turn.
        translation_factor: largest shift as a fraction of the side.
        zoom_factor: largest zoom in or out as a fraction.
        brightness_factor: largest change of brightness as a fraction of 255.
        contrast_factor: largest change of contrast as a fraction.
        erasing_factor: probability that a rectangle is erased.
    """

    name: str = "none"
    horizontal_flip: bool = False
    rotation_factor: float = 0.0
    translation_factor: float = 0.0
    zoom_factor: float = 0.0
    brightness_factor: float = 0.0
    contrast_factor: float = 0.0
    erasing_factor: float = 0.0


IMBALANCE_TREATMENTS = ("none", "class_weight", "oversample", "focal", "logit_adjust")


@dataclass
class ImbalanceConfig:
    """What is done about classes of unequal size.

    Attributes:
        name: one of `IMBALANCE_TREATMENTS`.
        power: class_weight, oversample: a class of count n weighs n ** -power; 1 makes all equal, 0.5 goes half-way.
        max_class_weight: class_weight: cap of the weight, after the mean over the images was made 1; None is no cap.
        focal_gamma: focal: focusing parameter (Lin et al. 2017, arXiv:1708.02002).
        logit_adjustment_temperature: logit_adjust: factor of the log prior (Menon et al. 2021, arXiv:2007.07314).
    """

    name: str = "none"
    power: float = 1.0
    max_class_weight: float | None = None
    focal_gamma: float = 2.0
    logit_adjustment_temperature: float = 1.0


@dataclass
class BackboneConfig:
    """The network that turns an image into features.

    Attributes:
        name: one of `emotion_tl.models.specifications.BACKBONES`.
        weights: "imagenet" (Keras' own download, cached), the path of a weights file, or None for random weights.
        allow_random_weights: go on with random weights, and say so, where `weights` cannot be had.
        image_size: side in pixels to which the images are resized before the backbone.
        output_block: block of the backbone whose output the head gets; None is the last one.
    """

    name: str = MISSING
    weights: str | None = None
    allow_random_weights: bool = False
    image_size: int = MISSING
    output_block: str | None = None


@dataclass
class HeadConfig:
    """The classifier on top of the backbone.

    Attributes:
        name: what the head is called in runs.
        pooling: how a feature map becomes a vector: "avg", "max" or "flatten".
        units: widths of the hidden layers; an empty list is a linear classifier.
        dropout: rate before the last layer and after each hidden one.
        batch_norm: BatchNormalization after each hidden layer.
    """

    name: str = MISSING
    pooling: str = "avg"
    units: list[int] = field(default_factory=list)
    dropout: float = 0.0
    batch_norm: bool = False


@dataclass
class EvaluationConfig:
    """What is measured after the training.

    Attributes:
        num_bootstrap_resamples, confidence_level: of the intervals, which come from resampling the images.
        num_calibration_bins: bins of the reliability diagram and of the expected calibration error.
        num_gallery_images: of the surest mistakes.
    """

    num_bootstrap_resamples: int = 2000
    confidence_level: float = 0.95
    num_calibration_bins: int = 15
    num_gallery_images: int = 24


@dataclass
class TrackingConfig:
    """Where and how the run is logged in MLflow.

    Attributes:
        uri: tracking URI; None is an SQLite file `mlflow.db` in the working directory.
        experiment_name: MLflow experiment; None is the name of the data set.
        run_name: None makes one of backbone, schedule and seed.
        tags: further tags of the run.
        log_model: log the model with signature and input example.
        parent_run_id: MLflow run below which the UI shows this one; sweeps and searches set it.
    """

    uri: str | None = None
    experiment_name: str | None = None
    run_name: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    log_model: bool = True
    parent_run_id: str | None = None


RERUN_CHOICES = ("failed", "all", "none")


@dataclass
class SweepConfig:
    """What a sweep (`-m`) does with jobs that were run before.

    Attributes:
        rerun: "failed" takes what has finished from MLflow and runs the rest, "none" takes failed ones as they are too,
            "all" runs everything again. A job that was interrupted goes on where it was; with "all" it starts anew, and
            so does a run outside of a sweep.
        name: what the sweep is called in MLflow; sweeps of one name are one. None makes it of the keys that are swept,
            so that a sweep that is started again, or extended by a value, goes on below its first parent run.
    """

    rerun: str = "failed"
    name: str | None = None


@dataclass
class ExperimentConfig:
    """One experiment, complete: the same configuration on the same machine gives the same numbers.

    Attributes:
        seed: of the weights, the order of the images, augmentation and dropout.
        cache_dir: folder of everything that is computed once and shared by all runs: packed images, activations, parts
            of audits, and the locks on them.
    """

    seed: int = 0
    cache_dir: str = "~/.cache/emotion_tl"
    data: DataConfig = field(default_factory=DataConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    imbalance: ImbalanceConfig = field(default_factory=ImbalanceConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    head: HeadConfig = field(default_factory=HeadConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    sweep: SweepConfig = field(default_factory=SweepConfig)


Compose = Callable[[list[str]], ExperimentConfig]
"""Returns the experiment that some overrides make. Raises a ConfigurationError where they make none."""


def to_typed(schema: type, composed: DictConfig) -> Any:
    """Turns a composed configuration into an instance of a dataclass.

    Raises:
        ConfigurationError: on an unknown key, a wrong type or a missing value.
    """
    try:
        return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(schema), composed))
    except MissingMandatoryValue as error:
        key = error.full_key
        raise ConfigurationError(f"{key}: expected a value, as in {key}=... Received: none") from error
    except OmegaConfBaseException as error:
        raise ConfigurationError(f"{error.full_key}: {reason_of_type(error, schema, composed)}") from error


def reason_of_type(error: OmegaConfBaseException, schema: type, composed: DictConfig) -> str:
    """Returns why OmegaConf has no place for a setting, in the words of the other messages where it is a usual one."""
    key = str(error.full_key)
    reason = (error.msg or str(error)).splitlines()[0].rstrip(".")
    if "is not a ListConfig" in reason:
        value = OmegaConf.select(composed, key)
        return f"expected a list, [{value}]. Received: {value}"
    if "is not Optional" in reason:
        return "expected a value, or {} where it is a place for settings. Received: nothing"
    above, _, name = key.rpartition(".")
    siblings = OmegaConf.select(OmegaConf.structured(schema), above) if above else OmegaConf.structured(schema)
    similar = get_close_matches(name, siblings, 1) if isinstance(error, ConfigKeyError) and siblings else []
    question = f" Did you mean {similar[0]}?" if similar else ""
    return f"{reason}.{question} --cfg job shows all settings."


def to_plain(config: Any) -> dict[str, Any]:
    """Returns a dataclass configuration as nested dicts, lists and scalars, ready for YAML."""
    return cast(dict[str, Any], OmegaConf.to_container(OmegaConf.structured(config)))
