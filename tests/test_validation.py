import dataclasses
import re
from typing import Any

import pytest

from emotion_tl.analysis.compare import compare_and_report
from emotion_tl.audit.audit import audit_dataset
from emotion_tl.command_config import AuditConfig, CompareConfig, PredictConfig
from emotion_tl.config import BackboneConfig, ExperimentConfig
from emotion_tl.errors import ConfigurationError
from emotion_tl.inference.predict import print_predictions
from emotion_tl.models.specifications import BACKBONES
from emotion_tl.validation import check_experiment_config
from tests.tiny import make_config, make_phase

PHASE = "schedule.phases.first"
NAN = float("nan")

WRONG: list[tuple[str, Any]] = [
    ("seed", -1),
    ("seed", 2**32),
    ("data.source", "kaggle"),
    ("data.name", ""),
    ("data.image_size", 4),
    ("data.color_mode", "cmyk"),
    ("data.val_fraction", 0.0),
    ("data.classes", ["happy"]),
    ("backbone.name", "alexnet"),
    ("backbone.image_size", 21),
    ("backbone.output_block", "mixed4"),
    ("backbone.weights", "imagenet"),
    ("head.pooling", "sum"),
    ("head.units", [16, 0]),
    ("head.dropout", 1.0),
    ("imbalance.name", "smote"),
    ("imbalance.power", -1.0),
    ("imbalance.max_class_weight", 0.0),
    ("imbalance.focal_gamma", -2.0),
    ("imbalance.logit_adjustment_temperature", -1.0),
    ("augmentation.rotation_factor", 1.5),
    ("augmentation.erasing_factor", -0.1),
    ("augmentation.zoom_factor", NAN),
    ("trainer.backend", "mxnet"),
    ("trainer.precision", "float8"),
    ("trainer.batch_size", 0),
    ("trainer.evaluation_batch_size", 0),
    ("trainer.gradient_accumulation_steps", 0),
    ("trainer.steps_per_execution", 0),
    ("trainer.devices", "two"),
    ("trainer.cache", "on"),
    ("trainer.cache_views", 0),
    ("trainer.cache_size_limit", -1.0),
    ("trainer.cache_size_limit", float("inf")),
    ("evaluation.num_bootstrap_resamples", 9),
    ("evaluation.confidence_level", 95),
    ("evaluation.num_calibration_bins", 0),
    ("schedule.monitor", "accuracy"),
    (f"{PHASE}.epochs", 0),
    (f"{PHASE}.trainable_blocks", -1),
    (f"{PHASE}.optimizer", "adagrad"),
    (f"{PHASE}.momentum", 1.0),
    (f"{PHASE}.learning_rate", 0.0),
    (f"{PHASE}.learning_rate", NAN),
    (f"{PHASE}.learning_rate", float("inf")),
    (f"{PHASE}.learning_rate_schedule", "linear"),
    (f"{PHASE}.warmup_epochs", 1.5),
    (f"{PHASE}.plateau_patience", -1),
    (f"{PHASE}.plateau_factor", 1.0),
    (f"{PHASE}.plateau_factor", 0.0),
    (f"{PHASE}.weight_decay", -0.1),
    (f"{PHASE}.gradient_clip_norm", 0.0),
    (f"{PHASE}.label_smoothing", 1.0),
    (f"{PHASE}.layer_decay", 0.0),
    (f"{PHASE}.layer_decay", 1.2),
    (f"{PHASE}.ema_momentum", 1.0),
    (f"{PHASE}.early_stopping_patience", -1),
    (f"{PHASE}.monitor", "val_auc"),
]


def set_key(config: ExperimentConfig, key: str, value: Any) -> None:
    """Sets `config.a.b.c`, through the dict of phases too."""
    *parents, name = key.split(".")
    for parent in parents:
        config = config[parent] if isinstance(config, dict) else getattr(config, parent)
    assert hasattr(config, name)
    setattr(config, name, value)


def test_a_right_configuration_passes():
    check_experiment_config(make_config())


@pytest.mark.parametrize(("key", "value"), WRONG, ids=[f"{key}={value}" for key, value in WRONG])
def test_a_wrong_setting_is_named_with_what_came(key, value):
    config = make_config()
    set_key(config, key, value)
    with pytest.raises(ConfigurationError, match=rf"^{re.escape(key)}:") as told:
        check_experiment_config(config)
    received = value[-1] if key == "head.units" else value
    assert str(received) in str(told.value)


@pytest.mark.parametrize("key", [f"trainer.{name}" for name in ("backend", "precision")] + [f"{PHASE}.optimizer"])
def test_a_wrong_choice_is_answered_with_the_right_ones(key):
    config = make_config()
    set_key(config, key, "nonsense")
    with pytest.raises(ConfigurationError, match=r"expected one of \w+, \w+"):
        check_experiment_config(config)


def test_a_schedule_needs_a_phase():
    config = make_config()
    config.schedule.phases = {}
    with pytest.raises(ConfigurationError, match=r"schedule\.phases"):
        check_experiment_config(config)


@pytest.mark.parametrize("output_block", [None, "mixed4"])
def test_trainable_blocks_are_those_of_the_cut_network(output_block):
    num_blocks = 11 if output_block is None else 5
    config = make_config(make_phase(), make_phase(trainable_blocks=num_blocks))
    config.backbone = BackboneConfig(name="inceptionv3", image_size=75, output_block=output_block)
    check_experiment_config(config)
    config.schedule.phases["second"].trainable_blocks = num_blocks + 1
    with pytest.raises(ConfigurationError, match=rf"schedule\.phases\.second\.trainable_blocks.*at most {num_blocks}"):
        check_experiment_config(config)


@pytest.mark.parametrize("name", list(BACKBONES))
def test_minimum_image_size_is_enforced(name):
    smallest = BACKBONES[name].minimum_image_size
    config = make_config()
    config.backbone = BackboneConfig(name=name, image_size=smallest)
    check_experiment_config(config)
    config.backbone = dataclasses.replace(config.backbone, image_size=smallest - 1)
    with pytest.raises(ConfigurationError, match=rf"backbone\.image_size.*{smallest}"):
        check_experiment_config(config)


@pytest.mark.parametrize(
    ("key", "value"),
    [("confidence_level", 0.4), ("confidence_level", NAN), ("confidence_level", 1.0), ("num_bootstrap_resamples", 9)],
)
def test_mistake_in_a_comparison_is_told_to_a_notebook_too(key, value):
    with pytest.raises(ConfigurationError, match=rf"^{key}: expected"):
        compare_and_report(CompareConfig(**{key: value}))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("output", "xml"),
        ("explain_with", "lime"),
        ("backend", "mxnet"),
        ("batch_size", 0),
        ("max_image_pixels", 0),
    ],
)
def test_mistake_in_a_prediction_is_told_to_a_notebook_too(key, value):
    with pytest.raises(ConfigurationError, match=rf"^{key}: expected"):
        print_predictions(PredictConfig(model="away", images="away", **{key: value}))


def test_mistake_in_an_audit_is_told_to_a_notebook_too(tmp_path):
    with pytest.raises(ConfigurationError, match=r"^num_folds: expected"):
        audit_dataset(
            AuditConfig(output_dir=str(tmp_path), data=make_config().data, backbone=make_config().backbone, num_folds=1)
        )
