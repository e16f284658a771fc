"""Mistakes in a study are told before its first job, with the file and the arm."""

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException

from emotion_tl.config import to_typed
from emotion_tl.errors import ConfigurationError
from emotion_tl.studies.checks import check_jobs, check_study
from emotion_tl.studies.plan import plan_jobs
from emotion_tl.study_config import GridConfig, StudyConfig
from tests.runs import CONF, compose_config
from tests.studies.examples import fractions, make_study

SOURCE = "conf/study/tiny.yaml"
SHIPPED = {"quick": 4, "laptop": 9, "transfer_vs_scratch": 15, "imbalance": 15, "train_fractions": 36, "backbones": 18}


def compose_or_tell(overrides):
    try:
        return compose_config(overrides)
    except HydraException as error:
        raise ConfigurationError(str(error)) from error


def check_all(study: StudyConfig):
    check_study(study, [], SOURCE)
    return check_jobs(plan_jobs(study, [], {}), compose_or_tell, SOURCE)


def test_right_study_gives_an_experiment_a_job():
    experiments = check_all(make_study(grid=fractions()))
    assert [experiment.seed for experiment in experiments] == [0] * 4 + [1] * 4
    assert [experiment.data.train_fraction for experiment in experiments[:4]] == [0.1, 0.1, 1.0, 1.0]
    assert experiments[1].backbone.name == "baseline_cnn"


def test_every_shipped_study_can_be_run():
    assert {path.stem for path in (CONF / "study").glob("*.yaml")} == set(SHIPPED)
    for name, num_jobs in SHIPPED.items():
        with initialize_config_dir(str(CONF), version_base="1.3"):
            study = to_typed(StudyConfig, compose("study", [f"study={name}"]).study)
        assert study.name == name
        # Names stand in sentences: "none names 60 % of the images rightly" says another thing.
        assert "none" not in study.arms
        assert len(check_all(study)) == num_jobs


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "a/b"}, "name: expected letters"),
        ({"arms": {}}, "arms: expected at least one arm"),
        ({"baseline": "nobody"}, "baseline: expected one of the arms transfer, scratch. Received: nobody"),
        ({"seeds": []}, "seeds: expected at least one"),
        ({"seeds": [1, 1]}, "seeds: expected seeds that differ. Received: [1,1]"),
        ({"settings": {"seed": 1}}, "settings.seed"),
        ({"arms": {"scratch": {"seed": 3}}}, "arm scratch: expected seeds"),
        ({"arms": {"scratch": {}, "a b": {}}}, "arm a b: expected a name"),
        ({"grid": {"rare": GridConfig("imbalance", [])}}, "grid rare (imbalance): expected at least one choice"),
        (
            {"grid": {"rare": GridConfig("imbalance", ["focal", "focal"])}},
            "that differ. Received: focal, focal",
        ),
        ({"grid": fractions(["nobody"])}, "arms among transfer, scratch. Received: nobody"),
        ({"grid": {"s": GridConfig("seed", [0, 1])}}, "grid s (seed): expected seeds"),
        ({"grid": {"b": GridConfig("backbone", ["vgg16"])}}, "a key that arm transfer does not set"),
        ({"grid": fractions() | {"twice": fractions(["scratch"])["part"]}}, "grid twice (data.train_fraction)"),
    ],
)
def test_mistake_in_the_study_is_told_with_its_place(changes, told):
    with pytest.raises(ConfigurationError) as error:
        check_study(make_study(**changes), [], SOURCE)
    assert str(error.value).startswith(f"{SOURCE}: ")
    assert told in str(error.value)


def test_one_key_may_be_multiplied_differently_in_two_arms():
    grid = {"a": fractions(["scratch"])["part"], "b": GridConfig("data.train_fraction", [0.5], ["transfer"])}
    check_study(make_study(grid=grid), [], SOURCE)


def test_override_of_what_an_arm_sets_is_refused():
    with pytest.raises(ConfigurationError, match=r"arm scratch: expected no other backbone.*Received: backbone=vgg16"):
        check_study(make_study(arms={"scratch": {"backbone": "baseline_cnn"}}), ["backbone=vgg16"], SOURCE)
    check_study(make_study(), ["head.dropout=0.1"], SOURCE)


@pytest.mark.parametrize(
    ("arm", "told"),
    [
        ({"backbone": "alexnet"}, "alexnet"),
        ({"head.units": "many"}, "head.units"),
        ({"backbone.image_size": 48}, "at least 75"),
        ({"schedule.phases.unfrozen.trainable_blocks": 12}, "at most 11"),
        ({"backbone": "baseline_cnn", "head.dropout": 0.3}, "expected another experiment than arm scratch"),
        ({"backbone": "baseline_cnn", "trainer.cache_size_limit": 3}, "expected another experiment than arm scratch"),
        ({"data": "image_folder", "data.path": "x", "data.name": "mine"}, "expected the data set of arm scratch"),
    ],
)
def test_arm_that_cannot_be_run_is_named(arm, told):
    study = make_study(arms={"scratch": {"backbone": "baseline_cnn"}, "mine": arm}, seeds=[0])
    with pytest.raises(ConfigurationError) as error:
        check_all(study)
    assert str(error.value).startswith(f"{SOURCE}: arm mine: ")
    assert told in str(error.value)


def test_seed_that_no_run_can_have_is_told():
    with pytest.raises(ConfigurationError, match="arm transfer: seed: expected at least 0"):
        check_all(make_study(seeds=[0, -1]))


@pytest.mark.parametrize("changed", [{"data.path": "cleaned_faces"}, {"data.person_pattern": "'^([0-9]+)_'"}])
def test_arms_may_differ_in_where_their_images_lie_and_how_they_are_split(changed):
    shared = {"backbone": "baseline_cnn", "data": "image_folder", "data.name": "mine", "data.path": "faces"}
    arms = {"scratch": shared, "changed": shared | changed}
    assert len(check_all(make_study(arms=arms, seeds=[0]))) == 2
