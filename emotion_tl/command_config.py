"""The typed configurations of the commands beside `train`."""

from dataclasses import dataclass, field, replace

from omegaconf import MISSING

from emotion_tl.config import BackboneConfig, DataConfig, ExperimentConfig, HeadConfig, TrackingConfig
from emotion_tl.training_config import TrainerConfig


@dataclass
class CompareConfig:
    """Which runs are put side by side.

    Attributes:
        study_name: of a study whose runs are compared; None takes the runs below.
        experiment_name: MLflow experiment whose runs are compared; None is the one with the latest run.
        runs: ids of runs; an empty list takes all finished runs of the experiment.
        baseline: the model the others are compared with: its name in the study or in the table, or its backbone. None
            is the study's own, and without a study baseline_cnn.
        num_bootstrap_resamples: resamples of the test images behind each interval.
        confidence_level: of the intervals; 1 minus it is the level of the verdicts over all comparisons together.
        seed: of the resampling.
        output_dir: folder of the report and its tables; None is a folder named after what is compared.
        show_images: put the figures that show faces into the report.
    """

    study_name: str | None = None
    experiment_name: str | None = None
    runs: list[str] = field(default_factory=list)
    baseline: str | None = None
    num_bootstrap_resamples: int = 2000
    confidence_level: float = 0.95
    seed: int = 0
    output_dir: str | None = None
    show_images: bool = True
    tracking: TrackingConfig = field(default_factory=TrackingConfig)


EXPLANATION_METHODS = ("grad_cam", "class_activation_map")
PREDICTION_OUTPUTS = ("table", "jsonl", "csv")


@dataclass
class PredictConfig:
    """Which model predicts which images.

    Attributes:
        model: path of a model.keras or of a run's folder, id of an MLflow run, or name of a registered model.
        images: an image file or a folder, searched through with its sub-folders.
        output: one of `PREDICTION_OUTPUTS`.
        explain: write for each image a picture of what the model looked at.
        explain_with: one of `EXPLANATION_METHODS`; a class activation map needs a head that averages over
            places and is linear.
        explanations: folder of these pictures.
        batch_size: images predicted at once.
        max_image_pixels: width times height above which an image is refused as a decompression bomb.
        backend: Keras backend.
    """

    model: str = MISSING
    images: str = MISSING
    output: str = "table"
    explain: bool = False
    explain_with: str = "grad_cam"
    explanations: str = "outputs/explanations"
    batch_size: int = 64
    max_image_pixels: int = 50_000_000
    backend: str = "tensorflow"
    tracking: TrackingConfig = field(default_factory=TrackingConfig)


COMPARED_WEIGHTS = ("pretrained", "random")


@dataclass
class ProbeConfig:
    """Which network is probed on which images.

    Attributes:
        weights_compared: of `COMPARED_WEIGHTS`: those of `backbone.weights`, and random ones.
        num_train_images: images that the probes learn from, as many of each class as its share; None takes all.
        regularisation: values of scikit-learn's C that val chooses from, for each probe by itself.
        num_bootstrap_resamples: resamples of the test images behind each interval.
        confidence_level: of the intervals; 1 minus it is the level of the tests over all blocks together.
        seed: of the random weights, of the choice of the train images and of the resampling.
        cache_dir: folder of the packed image stores and the features, shared by all runs.
        output_dir: folder of the results.
    """

    weights_compared: list[str] = field(default_factory=lambda: list(COMPARED_WEIGHTS))
    num_train_images: int | None = None
    regularisation: list[float] = field(default_factory=lambda: [1e-4, 1e-3, 1e-2, 1e-1])
    num_bootstrap_resamples: int = 2000
    confidence_level: float = 0.95
    seed: int = 0
    cache_dir: str = "~/.cache/emotion_tl"
    output_dir: str = "outputs/probe"
    data: DataConfig = field(default_factory=DataConfig)
    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)


@dataclass
class CleanCacheConfig:
    """Which cache is emptied.

    Attributes:
        cache_dir: folder of everything that is computed once, as in `train`.
    """

    cache_dir: str = "~/.cache/emotion_tl"


@dataclass
class AuditConfig:
    """Which data set is audited, and how.

    Attributes:
        cache_dir: folder of everything that is computed once, as in `train`.
        output_dir: folder of the report: audit.html, audit.json and a CSV file for each kind of finding.
        near_duplicate_correlation: correlation of two thumbnails from which on their images are near duplicates.
        near_duplicates: compare all images with each other; that grows with the square of their number.
        label_issues: judge the labels; that takes the features of the backbone for every image.
        num_folds: of the cross-validation by which labels are judged.
        num_gallery_images: pictures a gallery shows at most.
        seed: of the folds and of the images that stand for a class.
        data, backbone, trainer: as in `train`; with the same settings the features are shared with its runs.
    """

    cache_dir: str = "~/.cache/emotion_tl"
    output_dir: str = MISSING
    near_duplicates: bool = True
    near_duplicate_correlation: float = 0.95
    label_issues: bool = True
    num_folds: int = 5
    num_gallery_images: int = 24
    seed: int = 0
    data: DataConfig = field(default_factory=DataConfig)
    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)


def frozen_experiment(config: AuditConfig | ProbeConfig, weights: str | None) -> ExperimentConfig:
    """Returns the experiment that a network belongs to of which only features are wanted: there is no training of it.

    A run with this backbone shares the features in the cache.

    Args:
        weights: of the backbone. Where they cannot be had, random ones do not take their place.
    """
    return ExperimentConfig(
        seed=config.seed,
        cache_dir=config.cache_dir,
        data=config.data,
        backbone=replace(config.backbone, weights=weights, allow_random_weights=False),
        head=HeadConfig(name="linear"),
        trainer=config.trainer,
    )
