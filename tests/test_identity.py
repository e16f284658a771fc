"""Two runs have one identity exactly where their results must be the same."""

from dataclasses import replace

import pytest

from emotion_tl import identity as identities
from emotion_tl.config import BackboneConfig, DataConfig, ExperimentConfig, HeadConfig, to_plain
from emotion_tl.identity import LATER_SETTINGS, has_effect, known_identities, may_have_effect, settings_with_effect
from emotion_tl.override_text import key_of
from emotion_tl.training_config import PhaseConfig, ScheduleConfig
from tests.runs import CONF, compose_config

FINGERPRINT = "0" * 64
# What one experiment was known by when data.dedup and data.train_fraction had come, and before.
GIVEN = ["dccf839d25eb8c0b2e0b838d7e1a4856", "b3ab9245cada52d0584b2287ade84f76"]


def identity(*overrides: str, fingerprint: str = FINGERPRINT) -> str:
    return known_identities(compose_config(["data=fer2013", "backbone=baseline_cnn", *overrides]), fingerprint)[0]


@pytest.mark.parametrize(
    "override",
    [
        "cache_dir=/elsewhere",
        "data.path=/elsewhere",
        "+data.person_pattern='(a)'",
        "tracking.run_name=mine",
        "tracking.parent_run_id=abc",
        "sweep.rerun=all",
        "trainer.require_gpu=true",
        "trainer.cache_size_limit=1",
    ],
)
def test_where_and_how_a_run_is_kept_does_not_change_it(override):
    assert identity(override) == identity()
    assert not has_effect(key_of(override))


@pytest.mark.parametrize(
    "override",
    [
        "seed=1",
        "head.dropout=0.25",
        "schedule.phases.from_scratch.epochs=3",
        "imbalance=class_weight",
        "backbone=simple_cnn",
        "trainer.precision=mixed_bfloat16",
        "trainer.backend=jax",
        "data.split_seed=1",
    ],
)
def test_what_can_change_a_result_changes_it(override):
    assert identity(override) != identity()
    assert has_effect(key_of(override))


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("backbone=vgg16,vgg19", True),
        ("+experiment=quick_transfer", True),
        ("trainer.batch_size=64", True),
        ("cache_dir=/elsewhere", False),
        ("tracking=local", False),
        ("++tracking.tags.mine=1", False),
        ("sweep.rerun=all", False),
        ("trainer.require_gpu=true", False),
        ("trainer.cache_size_limit=1", False),
        ("data.path=/other_faces", True),
        ("+data.person_pattern='(a)'", True),
    ],
)
def test_before_the_images_are_read_all_settings_of_the_data_may_have_an_effect(override, expected):
    assert may_have_effect(key_of(override)) is expected


def test_other_images_are_another_run():
    assert identity(fingerprint="1" * 64) != identity()


def test_a_weights_file_is_known_by_its_content(tmp_path):
    first, copy, other = (tmp_path / name for name in ("first.h5", "copy.h5", "other.h5"))
    first.write_bytes(b"weights")
    copy.write_bytes(b"weights")
    other.write_bytes(b"other weights")
    of_first, of_copy, of_other = (identity(f"backbone.weights={file}") for file in (first, copy, other))
    assert of_first == of_copy != of_other


def known(monkeypatch, **settings) -> list[str]:
    """Returns what an experiment that no file of conf/ has a part in is known by."""
    monkeypatch.setattr(identities, "installed_versions", lambda: {"keras": "3", "tensorflow": "2"})
    config = ExperimentConfig(
        data=DataConfig(name="faces", source="image_folder", **settings),
        backbone=BackboneConfig(name="baseline_cnn", image_size=48),
        head=HeadConfig(name="linear"),
        schedule=ScheduleConfig(name="short", phases={"only": PhaseConfig(epochs=1, trainable_blocks=None)}),
    )
    return known_identities(config, "0" * 32)


def test_runs_that_were_made_are_found_whatever_settings_come_later(monkeypatch):
    """Where this fails, a setting was added: it belongs into LATER_SETTINGS, or every run made so far is run again."""
    found = known(monkeypatch)
    assert found[-len(GIVEN) :] == GIVEN
    assert len(found) == 1 + len(LATER_SETTINGS)


@pytest.mark.parametrize("settings", [{"dedup": "clean"}, {"train_fraction": 0.5}])
def test_a_run_that_no_earlier_version_could_make_is_known_by_one_identity(monkeypatch, settings):
    found = known(monkeypatch, **settings)
    assert len(found) == 1
    assert not set(found) & set(GIVEN)


def in_order(names: list[str], **num_blocks: int | None) -> dict[str, PhaseConfig]:
    return {name: PhaseConfig(epochs=1, trainable_blocks=num_blocks[name]) for name in names}


@pytest.mark.parametrize(
    "num_blocks", [{"frozen": 0, "unfrozen": None}, {"rough": 2, "head": 0}, {"first": None, "second": None}]
)
def test_phases_in_another_order_are_another_run(num_blocks):
    config = compose_config(["data=fer2013", "backbone=inceptionv3"])
    orders = [list(num_blocks), list(reversed(num_blocks))]
    schedules = [replace(config.schedule, phases=in_order(order, **num_blocks)) for order in orders]
    first, second = (known_identities(replace(config, schedule=schedule), FINGERPRINT)[0] for schedule in schedules)
    assert first != second


@pytest.mark.parametrize("schedule", [path.stem for path in sorted((CONF / "schedule").glob("*.yaml"))])
def test_shipped_schedules_are_known_without_their_order(schedule):
    """Runs of them were made before the order was part of an identity."""
    config = compose_config(["data=fer2013", "backbone=inceptionv3", f"schedule={schedule}"])
    assert "phase_order" not in settings_with_effect(to_plain(config))["schedule"]


def test_settings_of_an_earlier_version_are_completed():
    today = to_plain(compose_config(["data=fer2013", "backbone=baseline_cnn"]))
    data = {key: value for key, value in today["data"].items() if key not in ("dedup", "train_fraction")}
    assert settings_with_effect(today | {"data": data}) == settings_with_effect(today)
    half = settings_with_effect(today | {"data": data | {"train_fraction": 0.5}})
    assert (half["data"]["dedup"], half["data"]["train_fraction"]) == ("none", 0.5)
