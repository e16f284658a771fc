"""The YAML files of conf/, composed by Hydra as the command line does."""

from dataclasses import is_dataclass

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from emotion_tl.command_config import AuditConfig, CleanCacheConfig, CompareConfig, PredictConfig, ProbeConfig
from emotion_tl.config import ExperimentConfig, to_plain, to_typed
from emotion_tl.errors import ConfigurationError
from emotion_tl.models.specifications import BACKBONES
from emotion_tl.training_config import PhaseConfig
from emotion_tl.validation import check_experiment_config
from tests.runs import CONF

GROUPS = ("data", "augmentation", "imbalance", "schedule", "head", "backbone", "trainer", "tracking", "experiment")
OPTIONS = [f"{group}={path.stem}" for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))]
FROM_SCRATCH = [name for name, specification in BACKBONES.items() if specification.application is None]


def needed(option: str) -> list[str]:
    """Returns what an option cannot do without: a path, where its file leaves that to the user."""
    group, name = option.split("=")
    return ["data.path=somewhere"] if "path: ???" in (CONF / group / f"{name}.yaml").read_text() else []


def compose_config(*overrides: str, name: str = "train", schema: type = ExperimentConfig):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return to_typed(schema, compose(name, list(overrides)))


def test_the_groups_are_all_there_is():
    folders = {path.name for path in CONF.iterdir() if path.is_dir()}
    assert set(GROUPS) <= folders
    assert {option.split("=")[0] for option in OPTIONS} == set(GROUPS)


@pytest.mark.parametrize("option", OPTIONS)
def test_each_option_composes_and_passes_the_checks(option):
    config = compose_config(option, *needed(option))
    check_experiment_config(config)
    group, name = option.split("=")
    if group in ("augmentation", "imbalance", "schedule", "head", "backbone", "data"):
        assert getattr(config, group).name == name


@pytest.mark.parametrize("schedule", sorted(path.stem for path in (CONF / "schedule").glob("*.yaml")))
def test_each_phase_shows_every_setting(schedule):
    phases = OmegaConf.load(CONF / "schedule" / f"{schedule}.yaml").phases
    for phase in phases.values():
        assert set(phase) == set(PhaseConfig.__dataclass_fields__)


@pytest.mark.parametrize("name", list(BACKBONES))
def test_each_backbone_has_a_file(name):
    config = compose_config(f"backbone={name}")
    assert config.backbone.weights == (None if name in FROM_SCRATCH else "imagenet")
    # Random weights in place of pretrained ones are for the embedded quick run alone.
    assert not config.backbone.allow_random_weights


@pytest.mark.parametrize("name", FROM_SCRATCH)
def test_a_network_from_scratch_brings_its_schedule_and_an_explicit_one_wins(name):
    assert compose_config(f"backbone={name}").schedule.name.startswith("from_scratch")
    config = compose_config(f"backbone={name}", "schedule=full", "head=linear")
    assert (config.schedule.name, config.head.name) == ("full", "linear")


def test_the_usual_run_has_two_phases_frozen_then_unfrozen():
    phases = compose_config("backbone=inceptionv3").schedule.phases
    assert {name: phase.trainable_blocks for name, phase in phases.items()} == {"frozen": 0, "unfrozen": None}
    assert phases["unfrozen"].learning_rate < phases["frozen"].learning_rate


def test_from_scratch_is_at_most_50_epochs_of_adam_with_early_stopping():
    (phase,) = compose_config("backbone=baseline_cnn").schedule.phases.values()
    assert (phase.epochs, phase.optimizer, phase.trainable_blocks) == (50, "adam", None)
    assert phase.early_stopping_patience is not None


def test_gradual_unfreezes_block_after_block():
    phases = compose_config("schedule=gradual").schedule.phases.values()
    assert [phase.trainable_blocks for phase in phases] == [0, 1, 2, 3, None]


def test_simple_cnn_is_configured_as_many_start_from():
    config = compose_config("backbone=simple_cnn")
    assert config.backbone.image_size == 256
    assert (config.head.pooling, config.head.units, config.head.dropout) == ("flatten", [256], 0)


def test_one_key_of_one_phase_can_be_overridden_and_a_phase_be_deleted():
    config = compose_config("schedule.phases.unfrozen.learning_rate=3e-6", "~schedule.phases.frozen")
    assert list(config.schedule.phases) == ["unfrozen"]
    assert config.schedule.phases["unfrozen"].learning_rate == 3e-6


def test_only_the_quick_run_may_fall_back_on_random_weights():
    allowed = [option for option in OPTIONS if compose_config(option, *needed(option)).backbone.allow_random_weights]
    assert allowed == ["experiment=quick_transfer"]


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("+trainer.batchsize=3", "batchsize"),
        ("trainer.batch_size=many", "trainer.batch_size"),
        ("+schedule.phases.frozen.lr=1", "lr"),
        ("schedule.phases.frozen.epochs=2.5", "epochs"),
        ("+schedule.phases.third.optimizer=adam", "epochs"),
    ],
)
def test_an_unknown_key_a_wrong_type_and_a_missing_value_are_named(override, key):
    with pytest.raises(ConfigurationError, match=key):
        compose_config(override)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("head.units=256", "head.units: expected a list, [256]. Received: 256"),
        ("data.classes=happy", "data.classes: expected a list, [happy]. Received: happy"),
        ("schedule.phases.frozen=null", "schedule.phases.frozen: expected a value, or {}"),
        ("+trainer.batchsize=3", "Did you mean batch_size?"),
        ("+sed=3", "Did you mean seed?"),
    ],
)
def test_what_is_expected_in_place_of_a_wrong_value_is_told(override, told):
    with pytest.raises(ConfigurationError) as error:
        compose_config(override)
    assert told in str(error.value)
    assert ".." not in str(error.value)


@pytest.mark.parametrize("data", ["image_folder", "csv", "happy_sad_angry", "depression_faces"])
def test_a_path_that_only_the_user_knows_is_asked_for(data):
    with pytest.raises(ConfigurationError, match=r"data\.path=/path/to/data"):
        check_experiment_config(compose_config(f"data={data}"))


def test_typed_to_plain_and_back():
    config = compose_config("schedule=gradual", "data.classes=[happy,sad]", "+tracking.tags.study=a")
    plain = to_plain(config)
    assert plain["schedule"]["phases"]["unfrozen"]["layer_decay"] == 0.7
    assert to_typed(ExperimentConfig, OmegaConf.create(plain)) == config


@pytest.mark.parametrize("schema", [AuditConfig, CleanCacheConfig, CompareConfig, PredictConfig, ProbeConfig])
def test_each_setting_of_a_command_can_be_given(schema):
    """Hydra takes a key that is the name of a folder in conf/ for the choice of a file there."""
    name = {"CleanCacheConfig": "clean_cache"}.get(schema.__name__, schema.__name__.removesuffix("Config").lower())
    keys = [key for key, entry in schema.__dataclass_fields__.items() if not is_dataclass(entry.type)]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        composed = compose(name, [f"{key}=given" for key in keys])
    assert [composed[key] for key in keys] == ["given"] * len(keys)


def test_the_other_commands_compose():
    predict = compose_config("model=model.keras", "images=faces", name="predict", schema=PredictConfig)
    assert (predict.model, predict.images) == ("model.keras", "faces")
    assert compose_config(name="compare", schema=CompareConfig) == CompareConfig()
    assert compose_config("cache_dir=x", name="clean_cache", schema=CleanCacheConfig) == CleanCacheConfig("x")
    with pytest.raises(ConfigurationError, match="model"):
        compose_config("images=faces", name="predict", schema=PredictConfig)
