"""A search on the command line: the trials, the report, and where asked the best trial as an ordinary run."""

from dataclasses import replace

from hydra.core.hydra_config import HydraConfig

from emotion_tl.cli.composition import ExperimentComposer, file_of_option, further_places
from emotion_tl.cli.experiments import run_and_tell
from emotion_tl.config import ExperimentConfig
from emotion_tl.console import console, print_error, print_heading
from emotion_tl.errors import EmotionTLError, JobFailedError
from emotion_tl.own_process import call_in_own_process
from emotion_tl.sweeps.job import Job, run_job
from emotion_tl.tuning.composition import TrialComposer
from emotion_tl.tuning.overrides import of_experiment
from emotion_tl.tuning.report import BestTrial, report_search
from emotion_tl.tuning.search import SearchResult, run_search
from emotion_tl.tuning_config import TuneConfig


def run_and_report(config: TuneConfig) -> float:
    """Runs a search, tells what it found, and returns the best val figure.

    Raises:
        KeyboardInterrupt, JobFailedError: where it was interrupted or could not go on, after it has told what it found
            until then.
    """
    hydra_config = HydraConfig.get()
    overrides = list(hydra_config.overrides.task)
    fixed = of_experiment(overrides)
    source = file_of_option(hydra_config, "tuner/space")
    composer = ExperimentComposer(tuple(overrides), further_places(hydra_config))
    result = run_search(config, composer, fixed, source)
    trial_composer = TrialComposer(config.tuner, composer, source)
    experiment, overrides = trial_composer.experiment(result.values[str(result.best["trial_id"])])
    best = BestTrial(experiment, [*fixed, *overrides], composer.choices(overrides), composer.further)
    try:
        report_search(result, config, best)
    except EmotionTLError as error:
        if result.ended_by is None:
            raise
        print_error(str(error))
    if result.ended_by is not None:
        raise result.ended_by
    if config.tune.retrain:
        retrain(experiment, best.overrides, result)
    return float(result.best["value"])


def retrain(experiment: ExperimentConfig, overrides: list[str], result: SearchResult) -> None:
    """Runs the best trial to its end as an ordinary run, with figures on val and test; once, as a job of a sweep.

    Raises:
        JobFailedError: where it fails.
    """
    trial_id = str(result.best["trial_id"])
    print_heading(f"Trial {trial_id}, trained again", "")
    tracking = replace(experiment.tracking, parent_run_id=result.run_id, run_name=f"{result.name} retrained")
    job = Job(0, overrides, result.folder.path / "retrained" / trial_id, tracking, experiment.data.name)
    outcome = run_job(
        job,
        lambda: replace(experiment, tracking=tracking),
        lambda config, folder: call_in_own_process(run_and_tell, config, folder),
    )
    if outcome.has_failed:
        raise JobFailedError(str(outcome.reason))
    console.print(f"{outcome.status}: run {outcome.run_name}, {outcome.run_id}", markup=False)
