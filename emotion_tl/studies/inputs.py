"""What the jobs of a study are given besides their settings: the images, and where it is said a file of weights."""

from collections.abc import Sequence
from pathlib import Path

from emotion_tl.config import DataConfig, ExperimentConfig
from emotion_tl.data.sources import load_source
from emotion_tl.errors import ConfigurationError, WeightsError
from emotion_tl.override_text import key_of
from emotion_tl.studies.plan import PlannedJob, merge_overrides

WEIGHTS = "backbone.weights"
PRETRAINED = "imagenet"
DRAWN = "synthetic_faces"


def check_inputs(experiments: Sequence[ExperimentConfig]) -> None:
    """Checks that images and weights are where the settings say, before each job would find that they are not.

    Raises:
        DataError: where images are not.
        WeightsError: where a file of weights is not.
    """
    for weights in dict.fromkeys(experiment.backbone.weights for experiment in experiments):
        if weights not in (None, PRETRAINED) and not Path(str(weights)).expanduser().is_file():
            raise WeightsError(f"{WEIGHTS}: expected a file. Received: {weights}, which is not there.")
    for data in {repr(experiment.data): experiment.data for experiment in experiments}.values():
        next(iter(load_source(data.source).describe_state(data)), None)


def describe_images(experiments: Sequence[ExperimentConfig]) -> str:
    """Returns which images a study is about."""
    places = dict.fromkeys(describe_place(experiment.data) for experiment in experiments)
    return f"images: {'; '.join(places)}"


def describe_place(data: DataConfig) -> str:
    """Returns the name of a data set and where it lies."""
    if data.source == DRAWN:
        return f"{data.name}, drawn by the program; of real faces with data=fer2013 or another of conf/data"
    return f"{data.name}, {'fetched from Kaggle' if data.path is None else data.path}"


def give_weights(
    jobs: Sequence[PlannedJob], experiments: Sequence[ExperimentConfig], override: str, source: str
) -> list[PlannedJob]:
    """Returns the jobs with a weights file in those that are pretrained; what starts from scratch stays as it is.

    Args:
        jobs: of a study, without the file.
        experiments: of the jobs.
        override: that gives the file, as it was typed.
        source: the file of the study, for the messages.

    Raises:
        ConfigurationError: where no arm is pretrained, none would be any more, or they are not of one network.
    """
    pretrained = {
        job.variant: (job.arm, experiment.backbone.name)
        for job, experiment in zip(jobs, experiments, strict=True)
        if experiment.backbone.weights == PRETRAINED
    }
    weights = override.partition("=")[2]
    # Where all are pretrained, and the question is another one, all may be random.
    if weights != "null" or len(pretrained) < len({job.variant for job in jobs}):
        check_weights(list(pretrained.values()), weights, source)
    return [
        PlannedJob(job.number, job.arm, job.seed, job.settings, merge_overrides([*job.overrides, override]))
        if job.variant in pretrained
        else job
        for job in jobs
    ]


def check_weights(pretrained: Sequence[tuple[str, str]], weights: str, source: str) -> None:
    """Checks that weights can be those of all pretrained arms.

    Args:
        pretrained: arm and network of each pretrained variant.
        weights: as they were typed.
        source: the file of the study, for the messages.

    Raises:
        ConfigurationError: where they cannot.
    """
    arms = list(dict.fromkeys(arm for arm, _ in pretrained))
    if not pretrained:
        problem = "expected a study with arms that are pretrained"
    elif weights == "null":
        problem = (
            f"expected a file. Without weights none of the pretrained arms, {', '.join(arms)}, would be pretrained"
        )
    elif len({network for _, network in pretrained}) > 1:
        overrides = " ".join(f"'+study.arms.{arm}={{{WEIGHTS}:{weights}}}'" for arm in arms)
        problem = f"expected a file for each network, as the arms differ in theirs: {overrides}"
    else:
        return
    raise ConfigurationError(f"{source}: {WEIGHTS}: {problem}. Received: {weights}")


def gives_weights(override: str) -> bool:
    """Returns whether an override is about the weights of the backbone."""
    return key_of(override) == WEIGHTS
