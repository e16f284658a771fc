from datetime import datetime
from pathlib import Path

import pytest
from hydra import compose
from hydra.errors import ConfigCompositionException
from omegaconf import OmegaConf

from emotion_tl.config import ExperimentConfig
from emotion_tl.errors import ConfigurationError
from emotion_tl.tuning.experiment_file import Origin, write_experiment_file
from tests.tuning.searches import experiment_of, hydra

ORIGIN = Origin(
    "head-fer2013", 17, "val_accuracy", 0.66123, "python -m emotion_tl tune\n  seed=1", datetime(2026, 3, 1)
)


def written(folder: Path, fixed: list[str], trial: list[str]) -> tuple[Path, ExperimentConfig]:
    """Writes the file of a trial, and returns it with the configuration of the trial."""
    path = folder / "experiment" / "found.yaml"
    with hydra():
        composed = compose("tune", [*fixed, *trial], return_hydra_config=True)
    config = experiment_of(composed)
    write_experiment_file(path, config, composed.hydra.runtime.choices, [*fixed, *trial], ORIGIN)
    return path, config


def composed_again(path: Path, *overrides: str) -> ExperimentConfig:
    folder = path.parent.parent
    with hydra():
        return experiment_of(compose("train", [f"hydra.searchpath=[file://{folder}]", "experiment=found", *overrides]))


@pytest.mark.parametrize(
    ("fixed", "trial"),
    [
        (["tuner/space=head"], ["imbalance=focal"]),
        (
            [
                "tuner/space=head",
                "data=fer2013",
                "backbone.image_size=75",
                "+tracking.tags.who='a b'",
                "tune.num_best=2",
            ],
            ["head.units=[512,256]", "imbalance=class_weight", "imbalance.power=0.5", "head.batch_norm=true"],
        ),
        (["tuner/space=backbones", "seed=4"], ["backbone=baseline_cnn", "schedule.phases.from_scratch.epochs=3"]),
        (
            ["tuner/space=fine_tuning", "experiment=quick_transfer", "trainer.batch_size=16"],
            ["schedule.phases.unfrozen.trainable_blocks=null", "schedule.phases.unfrozen.learning_rate=1e-05"],
        ),
        (["tuner/space=fine_tuning", "experiment=quick_transfer"], ["backbone=vgg16", "backbone.output_block=null"]),
    ],
)
def test_the_file_composes_to_the_configuration_of_the_trial(tmp_path, fixed, trial):
    path, config = written(tmp_path, fixed, trial)
    assert composed_again(path) == config


def test_a_setting_can_still_be_overridden(tmp_path):
    path, _ = written(tmp_path, ["tuner/space=head"], ["head.dropout=0.3", "imbalance=focal"])
    again = composed_again(path, "head.dropout=0.1", "imbalance=none", "seed=9")
    assert (again.head.dropout, again.imbalance.name, again.seed) == (0.1, "none", 9)


def test_a_key_that_was_taken_away_is_asked_for_in_the_command(tmp_path):
    deletion = "~schedule.phases.unfrozen"
    path, config = written(tmp_path, ["tuner/space=head", "schedule=frozen_then_unfrozen", deletion], [])
    assert f"experiment=found {deletion}\n" in path.read_text()
    assert composed_again(path, deletion) == config


def test_comments_tell_where_it_comes_from_and_how_it_is_run(tmp_path):
    path, _ = written(tmp_path, ["tuner/space=head"], ["imbalance=focal"])
    text = path.read_text()
    assert text.startswith("# @package _global_\n")
    for told in ("head-fer2013", "Trial 17", "val_accuracy 0.6612", "2026-03-01"):
        assert told in text
    assert "#   python -m emotion_tl tune seed=1\n" in text
    assert f"#   python -m emotion_tl --config-dir {tmp_path.as_posix()} experiment=found\n" in text


def test_inside_conf_it_is_run_by_its_name_alone(tmp_path):
    (tmp_path / "train.yaml").touch()
    path, _ = written(tmp_path, ["tuner/space=head"], [])
    assert "#   python -m emotion_tl experiment=found\n" in path.read_text()


def test_a_folder_below_the_working_directory_is_named_from_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, _ = written(tmp_path / "outputs" / "conf", ["tuner/space=head"], [])
    assert "--config-dir outputs/conf experiment=found" in path.read_text()


def test_settings_of_the_search_are_left_out(tmp_path):
    path, _ = written(tmp_path, ["tuner=bayesian", "tuner.max_trials=3", "tune.num_best=1", "hydra.verbose=true"], [])
    assert set(OmegaConf.load(path)) == {"defaults"}


def test_an_override_of_an_unknown_key_is_told(tmp_path):
    with pytest.raises(ConfigurationError, match=r"head\.width"):
        write_experiment_file(tmp_path / "found.yaml", ExperimentConfig(), {}, ["+head.width=3"], ORIGIN)


def test_hydra_takes_no_plus_where_the_defaults_have_an_experiment():
    # The command line takes the plus away, see `emotion_tl.cli`.
    with hydra(), pytest.raises(ConfigCompositionException, match="Multiple values for experiment"):
        compose("train", ["+experiment=quick_transfer"])
