"""Checks an experiment's settings, alone and together, before anything is computed and without importing Keras."""

import math
import re

from emotion_tl.command_config import (
    EXPLANATION_METHODS,
    PREDICTION_OUTPUTS,
    AuditConfig,
    CompareConfig,
    PredictConfig,
    ProbeConfig,
)
from emotion_tl.config import (
    IMBALANCE_TREATMENTS,
    RERUN_CHOICES,
    AugmentationConfig,
    EvaluationConfig,
    ExperimentConfig,
    HeadConfig,
    ImbalanceConfig,
)
from emotion_tl.data.sources import check_data_config
from emotion_tl.errors import ConfigurationError
from emotion_tl.models.specifications import check_backbone_config, get_specification
from emotion_tl.runtime import BACKENDS, PRECISIONS
from emotion_tl.training_config import MONITORS, PhaseConfig, TrainerConfig

OPTIMIZER_NAMES = ("adam", "adamw", "sgd")
LEARNING_RATE_SCHEDULES = ("constant", "cosine", "plateau")
POOLING = ("avg", "max", "flatten")
# Below, an interval is none. A study compares its arms with as many as its runs were evaluated with.
FEWEST_RESAMPLES = 10
# Of what has a folder of its own.
NAME = re.compile(r"\w[\w.+-]*")


def check_experiment_config(config: ExperimentConfig) -> None:
    """Checks everything that can be known to be wrong before the data are read.

    Raises:
        ConfigurationError: naming the key, what was expected and what came.
    """
    check_images_and_network(config)
    check_head(config.head)
    check_imbalance(config.imbalance)
    check_augmentation(config.augmentation)
    check_evaluation(config.evaluation)
    check_choice("sweep.rerun", config.sweep.rerun, RERUN_CHOICES)
    check_schedule(config)


def check_audit_config(config: AuditConfig) -> None:
    """Checks the settings of an audit before the data are read.

    Raises:
        ConfigurationError: naming the key, what was expected and what came.
    """
    check_images_and_network(config)
    # Below, different people of one pose and light are near duplicates; above 1 nothing is.
    check_range("near_duplicate_correlation", config.near_duplicate_correlation, 0.8, 1)
    check_range("num_folds", config.num_folds, 2)
    check_range("num_gallery_images", config.num_gallery_images, 1)


def check_compare_config(config: CompareConfig) -> None:
    """Checks the settings of a comparison before the runs are read.

    Raises:
        ConfigurationError: naming the key, what was expected and what came.
    """
    # As far as the evaluation of a run goes, whose level a study is compared with.
    check_range("confidence_level", config.confidence_level, 0.5, 0.9999)
    check_range("num_bootstrap_resamples", config.num_bootstrap_resamples, FEWEST_RESAMPLES)


def check_predict_config(config: PredictConfig) -> None:
    """Checks the settings of a prediction before the model is loaded.

    Raises:
        ConfigurationError: naming the key, what was expected and what came.
    """
    check_choice("output", config.output, PREDICTION_OUTPUTS)
    check_choice("explain_with", config.explain_with, EXPLANATION_METHODS)
    check_choice("backend", config.backend, BACKENDS)
    check_range("batch_size", config.batch_size, 1)
    check_range("max_image_pixels", config.max_image_pixels, 1)


def check_images_and_network(config: ExperimentConfig | AuditConfig | ProbeConfig) -> None:
    """Checks which images go through which network, and how that is computed."""
    # The largest seed NumPy takes.
    check_range("seed", config.seed, 0, 2**32 - 1)
    check_data_config(config.data)
    check_backbone_config(config.backbone)
    check_trainer_config(config.trainer)


def check_trainer_config(config: TrainerConfig) -> None:
    """Checks how the training is computed."""
    check_choice("trainer.backend", config.backend, BACKENDS)
    check_choice("trainer.precision", config.precision, PRECISIONS)
    check_range("trainer.batch_size", config.batch_size, 1)
    check_range("trainer.evaluation_batch_size", config.evaluation_batch_size, 1)
    check_range("trainer.gradient_accumulation_steps", config.gradient_accumulation_steps, 1)
    if config.steps_per_execution is not None:
        check_range("trainer.steps_per_execution", config.steps_per_execution, 1)
    check_choice("trainer.devices", config.devices, ("one", "all"))
    check_choice("trainer.cache", config.cache, ("off", "auto"))
    check_range("trainer.cache_views", config.cache_views, 1)
    check_range("trainer.cache_size_limit", config.cache_size_limit, 0, 1e6)
    if config.backend == "torch" and (config.steps_per_execution or 1) > 1:
        raise ConfigurationError(
            "trainer.steps_per_execution: expected 1 or null with the torch backend, which takes one step at a time. "
            f"Received: {config.steps_per_execution}"
        )


def check_head(config: HeadConfig) -> None:
    """Checks the classifier."""
    check_choice("head.pooling", config.pooling, POOLING)
    check_range("head.dropout", config.dropout, 0, 0.99)
    for width in config.units:
        check_range("head.units", width, 1)


def check_imbalance(config: ImbalanceConfig) -> None:
    """Checks what is done about classes of unequal size."""
    check_choice("imbalance.name", config.name, IMBALANCE_TREATMENTS)
    check_range("imbalance.power", config.power, 0)
    check_range("imbalance.focal_gamma", config.focal_gamma, 0)
    check_range("imbalance.logit_adjustment_temperature", config.logit_adjustment_temperature, 0)
    if config.max_class_weight is not None:
        check_positive("imbalance.max_class_weight", config.max_class_weight)


def check_augmentation(config: AugmentationConfig) -> None:
    """Checks that the factors are shares."""
    for name, value in vars(config).items():
        if name.endswith("_factor"):
            check_range(f"augmentation.{name}", value, 0, 1)


def check_evaluation(config: EvaluationConfig) -> None:
    """Checks what is measured after the training."""
    check_range("evaluation.num_bootstrap_resamples", config.num_bootstrap_resamples, FEWEST_RESAMPLES)
    check_range("evaluation.confidence_level", config.confidence_level, 0.5, 0.9999)
    check_range("evaluation.num_calibration_bins", config.num_calibration_bins, 1)
    check_range("evaluation.num_gallery_images", config.num_gallery_images, 1)


def check_schedule(config: ExperimentConfig) -> None:
    """Checks the phases, and that the backbone has the blocks they train."""
    check_choice("schedule.monitor", config.schedule.monitor, tuple(MONITORS))
    if not config.schedule.phases:
        raise ConfigurationError("schedule.phases: expected at least one phase. Received: none")
    smoothings = {phase.label_smoothing for phase in config.schedule.phases.values()}
    if config.schedule.monitor == "val_loss" and len(smoothings) > 1:
        raise ConfigurationError(
            "schedule.monitor: the val_loss of phases with different label_smoothing cannot be compared. "
            "Use schedule.monitor=val_log_loss."
        )
    num_blocks = len(get_specification(config.backbone.name).blocks_up_to(config.backbone.output_block))
    for name, phase in config.schedule.phases.items():
        check_phase(f"schedule.phases.{name}", phase, num_blocks)


def check_phase(key: str, phase: PhaseConfig, num_blocks: int) -> None:
    """Checks one phase against a backbone of `num_blocks` blocks."""
    check_range(f"{key}.epochs", phase.epochs, 1)
    check_range(f"{key}.label_smoothing", phase.label_smoothing, 0, 0.99)
    check_optimizer(key, phase)
    check_learning_rate(key, phase)
    if phase.trainable_blocks is not None:
        check_range(f"{key}.trainable_blocks", phase.trainable_blocks, 0, num_blocks)
    if phase.early_stopping_patience is not None:
        check_range(f"{key}.early_stopping_patience", phase.early_stopping_patience, 0)
    if phase.monitor is not None:
        check_choice(f"{key}.monitor", phase.monitor, tuple(MONITORS))


def check_optimizer(key: str, phase: PhaseConfig) -> None:
    """Checks the optimizer of a phase."""
    check_choice(f"{key}.optimizer", phase.optimizer, OPTIMIZER_NAMES)
    check_range(f"{key}.momentum", phase.momentum, 0, 0.99999)
    check_range(f"{key}.weight_decay", phase.weight_decay, 0)
    if phase.gradient_clip_norm is not None:
        check_positive(f"{key}.gradient_clip_norm", phase.gradient_clip_norm)
    if phase.ema_momentum is not None:
        check_range(f"{key}.ema_momentum", phase.ema_momentum, 0, 0.99999)


def check_learning_rate(key: str, phase: PhaseConfig) -> None:
    """Checks the learning rate of a phase, over its epochs and its layers."""
    check_positive(f"{key}.learning_rate", phase.learning_rate)
    check_choice(f"{key}.learning_rate_schedule", phase.learning_rate_schedule, LEARNING_RATE_SCHEDULES)
    check_range(f"{key}.warmup_epochs", phase.warmup_epochs, 0, phase.epochs)
    check_range(f"{key}.plateau_patience", phase.plateau_patience, 0)
    check_positive(f"{key}.plateau_factor", phase.plateau_factor)
    check_range(f"{key}.plateau_factor", phase.plateau_factor, 0, 0.99)
    check_positive(f"{key}.layer_decay", phase.layer_decay)
    check_range(f"{key}.layer_decay", phase.layer_decay, 0, 1)


def check_choice(key: str, value: str, choices: tuple[str, ...]) -> None:
    """Raises a ConfigurationError where a value is not among the choices."""
    if value not in choices:
        raise ConfigurationError(f"{key}: expected one of {', '.join(choices)}. Received: {value}")


def check_range(key: str, value: float, smallest: float, largest: float = math.inf) -> None:
    """Raises a ConfigurationError where a number is out of range; NaN always is."""
    if not smallest <= value <= largest:
        upper = "" if largest == math.inf else f" and at most {largest}"
        raise ConfigurationError(f"{key}: expected at least {smallest}{upper}. Received: {value}")


def check_positive(key: str, value: float) -> None:
    """Raises a ConfigurationError where a number is not a finite one above 0."""
    if not 0 < value < math.inf:
        raise ConfigurationError(f"{key}: expected more than 0. Received: {value}")
