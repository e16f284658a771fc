"""The jobs of a study, out of its file and the command line, each composed and checked before the first one runs."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, open_dict, read_write

from emotion_tl.cli.composition import file_of_option
from emotion_tl.cli.refusals import reason_of_job
from emotion_tl.config import ExperimentConfig, to_typed
from emotion_tl.errors import ConfigurationError
from emotion_tl.study_config import SEED, StudyConfig

if TYPE_CHECKING:
    from emotion_tl.studies.plan import PlannedJob

STUDY = "study"


@dataclass(frozen=True)
class Study:
    """A study that was found to be right.

    Attributes:
        config: what its file and the command line say.
        fixed: overrides that the user gave for all jobs.
        jobs: in their order.
        experiments: of the jobs.
    """

    config: StudyConfig
    fixed: list[str]
    jobs: "list[PlannedJob]"
    experiments: list[ExperimentConfig]


def plan_study(config: DictConfig, overrides: list[str], config_loader: ConfigLoader) -> Study:
    """Returns the study with its jobs.

    Raises:
        ConfigurationError: naming its file and, where one is to blame, the arm.
    """
    from emotion_tl.studies.checks import check_jobs, check_study
    from emotion_tl.studies.inputs import give_weights, gives_weights
    from emotion_tl.studies.plan import plan_jobs

    source = file_of_option(config.hydra, STUDY)
    study = read_study_config(config, source)
    parsed = OverridesParser.create(config_loader).parse_overrides(overrides)
    check_not_swept(parsed)
    own = [override for override in parsed if not is_of_study(override)]
    replaced = {SEED, *(entry.key for entry in study.grid.values())}
    swept = {
        override.get_key_element(): values_of(override)
        for override in own
        if override.is_sweep_override() or override.key_or_group in replaced
    }
    fixed = [str(override.input_line) for override in own if override.get_key_element() not in swept]
    given = [str(override.input_line) for override in own if override.key_or_group not in replaced]
    # Weights are for some of the arms.
    check_study(study, [text for text in given if not gives_weights(text)], source)
    jobs = plan_jobs(study, [text for text in fixed if not gives_weights(text)], swept)
    compose = partial(compose_job, config, config_loader)
    experiments = check_jobs(jobs, compose, source)
    for weights in filter(gives_weights, fixed):
        jobs = give_weights(jobs, experiments, weights, source)
        experiments = check_jobs(jobs, compose, source)
    return Study(study, fixed, jobs, experiments)


def read_study_config(config: DictConfig, source: str) -> StudyConfig:
    """Returns what the file of a study and the command line say.

    Raises:
        ConfigurationError: naming the file.
    """
    try:
        return to_typed(StudyConfig, config.study)
    except ConfigurationError as error:
        raise ConfigurationError(f"{source}: {error}") from error


def check_not_swept(overrides: list[Override]) -> None:
    """Raises a ConfigurationError where the study itself is swept: a list is meant, or one study after the other."""
    for override in overrides:
        if is_of_study(override) and override.is_sweep_override():
            values = ",".join(override.sweep_string_iterator())
            expected = "one study" if override.key_or_group == STUDY else f"a list, {override.key_or_group}=[{values}]"
            raise ConfigurationError(f"{override.key_or_group}: expected {expected}. Received: {values}")


def is_of_study(override: Override) -> bool:
    """Returns whether an override is about the study, and not about its jobs."""
    return override.key_or_group.split(".")[0] == STUDY


def values_of(override: Override) -> list[Any]:
    """Returns the values an override gives to its key."""
    if not override.is_sweep_override():
        return [override.value()]
    parser = OverridesParser.create()
    return [parser.parse_override(f"key={text}").value() for text in override.sweep_string_iterator()]


def compose_job(config: DictConfig, config_loader: ConfigLoader, overrides: list[str]) -> ExperimentConfig:
    """Returns the experiment of a job.

    Raises:
        ConfigurationError: where it cannot be composed.
    """
    try:
        composed = config_loader.load_sweep_config(config, overrides)
    except HydraException as error:
        raise ConfigurationError(reason_of_job(error, config)) from error
    with read_write(composed), open_dict(composed):
        del composed["hydra"]
    return to_typed(ExperimentConfig, composed)
