"""The images of a study, and a weights file that goes into its pretrained arms."""

import pytest

from emotion_tl.errors import ConfigurationError, DataError, WeightsError
from emotion_tl.studies.checks import check_jobs
from emotion_tl.studies.inputs import check_inputs, describe_images, give_weights
from emotion_tl.studies.plan import plan_jobs
from emotion_tl.study_config import GridConfig
from tests.runs import compose_config
from tests.studies.examples import make_study

SOURCE = "conf/study/tiny.yaml"
SCRATCH = {"backbone": "inceptionv3", "backbone.weights": None, "schedule": "full"}
BASELINE = {"backbone": "baseline_cnn"}
FROZEN = {"backbone": "inceptionv3", "schedule": "frozen_only"}
UNFROZEN = {"backbone": "inceptionv3"}
ARMS = {"frozen": FROZEN, "unfrozen": UNFROZEN, "random": SCRATCH, "scratch": BASELINE}


def with_weights(weights, arms=ARMS):
    """Returns the jobs of a study that was given weights on the command line."""
    jobs = plan_jobs(make_study(arms=arms, seeds=[0, 1]), [], {})
    return give_weights(jobs, check_jobs(jobs, compose_config, SOURCE), f"backbone.weights={weights}", SOURCE)


def test_weights_file_goes_into_the_pretrained_arms_alone():
    experiments = check_jobs(with_weights("/tmp/w.h5"), compose_config, SOURCE)
    assert [experiment.backbone.weights for experiment in experiments] == ["/tmp/w.h5", "/tmp/w.h5", None, None] * 2
    assert [experiment.seed for experiment in experiments] == [0] * 4 + [1] * 4


@pytest.mark.parametrize(
    ("weights", "arms", "told"),
    [
        ("null", ARMS, "expected a file. Without weights none of the pretrained arms, frozen, unfrozen, would be"),
        ("w.h5", {"random": SCRATCH, "scratch": BASELINE}, "expected a study with arms that are pretrained"),
        (
            "w.h5",
            {"frozen": FROZEN, "vgg": {"backbone": "vgg16"}, "scratch": BASELINE},
            "'+study.arms.frozen={backbone.weights:w.h5}' '+study.arms.vgg={backbone.weights:w.h5}'",
        ),
    ],
)
def test_weights_that_cannot_be_those_of_the_pretrained_arms_are_refused(weights, arms, told):
    with pytest.raises(ConfigurationError) as error:
        with_weights(weights, arms)
    assert str(error.value).startswith(f"{SOURCE}: backbone.weights: ")
    assert told in str(error.value)
    assert str(error.value).endswith(f"Received: {weights}")


def test_a_file_is_not_given_to_several_networks_of_one_arm():
    networks = {"network": GridConfig("backbone", ["vgg16", "resnet50"], ["any"])}
    jobs = plan_jobs(make_study(arms={"any": {"schedule": "frozen_only"}, "scratch": BASELINE}, grid=networks), [], {})
    experiments = check_jobs(jobs, compose_config, SOURCE)
    with pytest.raises(ConfigurationError, match="expected a file for each network"):
        give_weights(jobs, experiments, "backbone.weights=w.h5", SOURCE)


def test_where_all_arms_are_pretrained_all_may_be_random():
    treatments = {"none": FROZEN, "focal": FROZEN | {"imbalance": "focal"}}
    experiments = check_jobs(with_weights("null", treatments), compose_config, SOURCE)
    assert {experiment.backbone.weights for experiment in experiments} == {None}


@pytest.mark.parametrize("data", ["image_folder", "csv", "fer2013"])
def test_images_that_are_not_there_are_told_before_the_first_job(data, tmp_path):
    missing = compose_config([f"data={data}", f"data.path={tmp_path}/missing"])
    with pytest.raises(DataError, match="missing, which is not there"):
        check_inputs([compose_config([]), missing])


def test_weights_that_are_not_there_are_told_before_the_first_job(tmp_path):
    file = tmp_path / "some.weights.h5"
    experiments = check_jobs(with_weights(str(file)), compose_config, SOURCE)
    with pytest.raises(WeightsError, match=r"some\.weights\.h5, which is not there"):
        check_inputs(experiments)
    file.touch()
    check_inputs(experiments)


def test_images_that_are_there_are_named(tmp_path):
    drawn, mine = compose_config([]), compose_config(["data=image_folder", f"data.path={tmp_path}", "data.name=mine"])
    check_inputs([drawn, mine])
    assert describe_images([drawn, drawn]).startswith("images: synthetic_faces, drawn by the program")
    assert describe_images([mine, mine]) == f"images: mine, {tmp_path}"
    assert describe_images([compose_config(["data=fer2013"])]) == "images: fer2013, fetched from Kaggle"
