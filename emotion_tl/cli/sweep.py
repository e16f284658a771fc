"""A sweep as a whole: its MLflow run, the jobs below it, and what is told at its end.

The jobs may run in other processes and on other machines: they get the id of the parent run and of this start as
overrides, which every launcher hands on, and leave what became of them among the artifacts of the parent run.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, open_dict, read_write

from emotion_tl.cli.refusals import reason_of_job
from emotion_tl.cli.remote_launcher import lost_jobs
from emotion_tl.cli.sweep_job import PARENT_KEY, outcomes_folder, without_place
from emotion_tl.config import SweepConfig, TrackingConfig, to_typed
from emotion_tl.console import configure_logging, print_error
from emotion_tl.errors import ConfigurationError, EmotionTLError
from emotion_tl.override_text import value_text
from emotion_tl.study_config import START_TAG
from emotion_tl.system_errors import system_errors_told

if TYPE_CHECKING:
    from emotion_tl.sweeps.outcome import JobOutcome


@dataclass
class OpenSweep:
    """The sweep this process has started.

    Attributes:
        run_id: of its MLflow run.
        start: its id. Neither its folder nor the numbers of its jobs tell it from an earlier start of the same sweep.
        report: tells and keeps what the jobs have found, and knows whether the sweep was interrupted.
    """

    run_id: str
    start: str
    report: Callable[["OpenSweep", list["JobOutcome"], bool], None]


open_sweep: OpenSweep | None = None


def begin_sweep(sweep: OpenSweep) -> None:
    """Makes a sweep the one of this process, which `finish_sweep` closes."""
    global open_sweep
    open_sweep = sweep


class SweepCallback(Callback):
    """Opens the MLflow run of a sweep before Hydra starts its jobs."""

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Tells every job of the parent run. Hydra turns errors into warnings here, so that they end the process."""
        try:
            begin_sweep(start_sweep(config))
        except EmotionTLError as error:
            print_error(str(error))
            sys.exit(1)


def start_sweep(config: DictConfig) -> OpenSweep:
    """Opens the parent run, or that of the same sweep when it was started before, and adds it to the jobs' overrides.

    Raises:
        ConfigurationError: where a setting is wrong or the store cannot be reached.
    """
    from emotion_tl.identity import hash_content, may_have_effect
    from emotion_tl.tracking.parent_run import open_parent_run

    configure_logging(None)
    tracking = to_typed(TrackingConfig, config.tracking)
    sweep = to_typed(SweepConfig, config.sweep)
    overrides = [override for override in parse_overrides(config) if may_have_effect(override.key_or_group)]
    swept = sorted(override.key_or_group for override in overrides if override.is_sweep_override())
    fixed = sorted(str(override.input_line) for override in overrides if not override.is_sweep_override())
    name = sweep.name or f"sweep of {', '.join(swept) or 'one job'}"
    key = hash_content(sweep.name or [swept, fixed])
    tags = {"sweep": ", ".join(swept), "fixed": " ".join(fixed)}
    run_id = open_parent_run(tracking, experiment_of_sweep(config), name, key, tags)
    opened = OpenSweep(run_id, new_start(), report_jobs)
    with read_write(config), open_dict(config):
        config.hydra.overrides.task.extend(place_overrides(opened))
    return opened


def experiment_of_sweep(config: DictConfig) -> str:
    """Returns the MLflow experiment of the parent run: that of the first job, where the jobs are of several.

    Raises:
        ConfigurationError: where the first job cannot be composed.
    """
    overrides = parse_overrides(config)
    sections = {override.key_or_group.split(".")[0] for override in overrides if override.is_discrete_sweep()}
    if sections & {"data", "tracking"}:
        config = compose_first_job(config, overrides)
    return config.tracking.experiment_name or config.data.name


def compose_first_job(config: DictConfig, overrides: Sequence[Override]) -> DictConfig:
    """Returns the configuration of the job with the first value of each key.

    Raises:
        ConfigurationError: where it cannot be composed.
    """
    first = [
        f"{override.get_key_element()}={next(override.sweep_string_iterator())}"
        if override.is_discrete_sweep()
        else str(override.input_line)
        for override in overrides
        if override.is_discrete_sweep() or not override.is_sweep_override()
    ]
    try:
        return GlobalHydra.instance().config_loader().load_sweep_config(config, first)
    except HydraException as error:
        raise ConfigurationError(reason_of_job(error, config)) from error


def new_start() -> str:
    """Returns an id for a start of a sweep."""
    return f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{token_hex(4)}"


def place_overrides(sweep: OpenSweep) -> list[str]:
    """Returns the overrides by which a job knows the sweep that it is of."""
    return [f"{PARENT_KEY}={sweep.run_id}", f"++tracking.tags.{START_TAG}={value_text(sweep.start)}"]


def report_jobs(sweep: OpenSweep, outcomes: list["JobOutcome"], interrupted: bool) -> None:  # noqa: ARG001  as a study
    """Prints the jobs, and keeps them as a table."""
    from emotion_tl.sweeps.summary import outcomes_table, print_outcomes
    from emotion_tl.tracking.parent_run import log_table

    print_outcomes(outcomes)
    log_table(sweep.run_id, outcomes_table(outcomes), "jobs")


def parse_overrides(config: DictConfig) -> list[Override]:
    """Returns the overrides of the command line."""
    return OverridesParser.create().parse_overrides(list(config.hydra.overrides.task))


def finish_sweep(interrupted: bool = False) -> bool:
    """Tells what the sweep of this process found, closes its MLflow run, and returns whether a job has failed.

    Once: an interruption of it finds no sweep any more. Where the store does not answer, that is told and is a failure.
    """
    global open_sweep
    if open_sweep is None:
        return False
    sweep, open_sweep = open_sweep, None
    try:
        with system_errors_told():
            return close_sweep(sweep, interrupted) == "FAILED"
    except EmotionTLError as error:
        print_error(str(error))
        return True


def close_sweep(sweep: OpenSweep, interrupted: bool) -> str:
    """Tells what a sweep found, closes its MLflow run, and returns as what: FINISHED, FAILED or KILLED.

    Raises:
        ConfigurationError: where the store cannot be reached any more.
    """
    from emotion_tl.tracking.parent_run import closed_at_the_end

    with closed_at_the_end(sweep.run_id) as ending:
        outcomes = read_outcomes(sweep)
        ending.metrics = summarise(outcomes)
        if outcomes:
            sweep.report(sweep, outcomes, interrupted)
        ending.status = "KILLED" if interrupted else "FAILED" if ending.metrics["num_failed_jobs"] else "FINISHED"
    return ending.status


def summarise(outcomes: Sequence["JobOutcome"]) -> dict[str, float]:
    """Returns the figures of a sweep as a whole."""
    num_failed = sum(outcome.has_failed for outcome in outcomes)
    accuracies = [outcome.val_accuracy for outcome in outcomes if outcome.val_accuracy is not None]
    best = {"val_accuracy": max(accuracies)} if accuracies else {}
    return {"num_jobs": len(outcomes), "num_failed_jobs": num_failed, **best}


def read_outcomes(sweep: OpenSweep) -> list["JobOutcome"]:
    """Returns what became of the jobs of a sweep, those included that were lost before they could leave it."""
    from emotion_tl.sweeps.outcome import FAILED, JobOutcome
    from emotion_tl.tracking.parent_run import read_records

    outcomes = [JobOutcome(**record) for record in read_records(sweep.run_id, outcomes_folder(sweep.start))]
    told = {outcome.number for outcome in outcomes}
    for lost in lost_jobs:
        if lost.number not in told:
            overrides = without_place(lost.overrides)
            outcomes.append(JobOutcome(lost.number, overrides, FAILED, reason=f"The job was lost. {lost.reason}"))
    return outcomes
