"""A study on the command line: checked as a whole, run as a sweep of `train`, and recorded below one MLflow run."""

import logging
from functools import partial
from typing import TYPE_CHECKING

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, open_dict, read_write

from emotion_tl.cli.study_plan import STUDY, Study, plan_study
from emotion_tl.cli.sweep import OpenSweep, begin_sweep, new_start, place_overrides
from emotion_tl.command_config import CompareConfig
from emotion_tl.console import configure_logging, print_error, print_heading
from emotion_tl.errors import DataError, EmotionTLError, WeightsError
from emotion_tl.override_text import value_text
from emotion_tl.study_config import ARM_TAG, STUDY_TAG

if TYPE_CHECKING:
    from emotion_tl.studies.plan import PlannedJob
    from emotion_tl.sweeps.outcome import JobOutcome

logger = logging.getLogger(__name__)

# A job of a study is one of a sweep of this command.
JOB_COMMAND = "train"

# Those whose jobs see the files of this machine.
LAUNCHERS_HERE = ("basic", "joblib", "submitit_local")


def make_jobs_of_train(config: DictConfig) -> None:
    """Lets Hydra compose the jobs as those of `train`: what runs is what the same overrides would run by themselves."""
    with read_write(config), open_dict(config):
        config.hydra.job.config_name = JOB_COMMAND
        config.hydra.overrides.hydra.append(f"hydra.sweep.dir={value_text(config.hydra.sweep.dir)}")


def start_study(config: DictConfig, overrides: list[str], config_loader: ConfigLoader) -> list[list[str]]:
    """Checks a study, opens its MLflow run and returns the overrides of its jobs; none where it is only to be shown.

    Args:
        config: composed for the study, after `make_jobs_of_train`.
        overrides: of the command line.

    Raises:
        ConfigurationError: on a mistake in the study or an arm, or where the store cannot be reached.
        DataError, WeightsError: where the images or a file of weights are not there, and the jobs run on this machine.
    """
    configure_logging(None)
    study = plan_study(config, overrides, config_loader)
    from emotion_tl.studies.inputs import check_inputs, describe_images
    from emotion_tl.studies.ledger import find_outcomes
    from emotion_tl.studies.preview import describe_plan, print_preview
    from emotion_tl.studies.progress import Progress, log_plan

    try:
        check_inputs(study.experiments)
    except (DataError, WeightsError) as error:
        if config.hydra.runtime.choices["hydra/launcher"] in LAUNCHERS_HERE:
            raise
        logger.warning("%s The jobs look for it where they run.", error)
    images = describe_images(study.experiments)
    progress = Progress(study.jobs, find_outcomes(study.jobs, study.experiments))
    if study.config.dry_run:
        print_preview(study.config.name, progress, images)
        return []
    print_heading(f"Study {study.config.name}", f"{describe_plan(progress)}\n{images}")
    sweep = OpenSweep(open_study_run(study), new_start(), partial(finish_study, study))
    begin_sweep(sweep)
    log_plan(sweep.run_id, sweep.start, progress)
    return [job_overrides(study.config.name, job, sweep) for job in study.jobs]


def open_study_run(study: Study) -> str:
    """Returns the id of the study's MLflow run: that of its first start with the same settings of all arms."""
    from emotion_tl.identity import hash_content, may_have_effect
    from emotion_tl.tracking.parent_run import open_parent_run

    parsed = OverridesParser.create().parse_overrides(study.fixed)
    fixed = sorted(str(override.input_line) for override in parsed if may_have_effect(override.key_or_group))
    key = hash_content([STUDY, study.config.name, study.config.settings, fixed])
    first = study.experiments[0]
    tags = {STUDY_TAG: study.config.name, "baseline": study.config.baseline, "fixed": " ".join(fixed)}
    experiment = first.tracking.experiment_name or first.data.name
    return open_parent_run(first.tracking, experiment, study.config.name, key, tags)


def job_overrides(name: str, job: "PlannedJob", sweep: OpenSweep) -> list[str]:
    """Returns the overrides of a job with those that say where it belongs."""
    return [
        *job.overrides,
        f"++tracking.tags.{STUDY_TAG}={value_text(name)}",
        f"++tracking.tags.{ARM_TAG}={value_text(job.arm)}",
        *place_overrides(sweep),
        f"hydra.sweep.subdir={job.number}-{job.arm}-seed{job.seed}",
    ]


def finish_study(study: Study, sweep: OpenSweep, outcomes: "list[JobOutcome]", interrupted: bool) -> None:
    """Keeps which run is which arm of the study, all of its starts together, and tells how the arms compare.

    Called once, when the last job has ended or the study was interrupted; nobody waits for a report then.
    """
    from emotion_tl.studies.record import StudyRuns, merge_rows, read_record_of, rows_of, write_study
    from emotion_tl.studies.summary import print_study, study_table
    from emotion_tl.tracking.parent_run import log_table

    before = read_record_of(sweep.run_id)
    now = rows_of(study.jobs, outcomes)
    rows = merge_rows(before.rows if before else [], now)
    runs = StudyRuns(study.config.name, study.config.baseline, sweep.run_id, rows)
    write_study(runs)
    log_table(sweep.run_id, study_table(runs), STUDY)
    print_study(runs, now)
    if runs.finished() and not interrupted:
        compare_arms(study)


def compare_arms(study: Study) -> None:
    """Writes the report on the arms of a study, as `compare study_name=` does."""
    from emotion_tl.analysis.compare import compare_and_report

    experiment = study.experiments[0]
    evaluation = experiment.evaluation
    config = CompareConfig(
        study_name=study.config.name,
        num_bootstrap_resamples=evaluation.num_bootstrap_resamples,
        confidence_level=evaluation.confidence_level,
        tracking=experiment.tracking,
    )
    try:
        compare_and_report(config)
    except EmotionTLError as error:
        print_error(f"The arms could not be compared. {error}")
