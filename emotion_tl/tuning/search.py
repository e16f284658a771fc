"""A search from a configuration to its best trial: the whole story on one screen."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from emotion_tl.config import Compose
from emotion_tl.data.dataset import load_dataset
from emotion_tl.errors import JobFailedError
from emotion_tl.tracking.parent_run import close_dead_children, closed_at_the_end, open_parent_run
from emotion_tl.tuning.checks import check_search
from emotion_tl.tuning.chief import Chief, free_port
from emotion_tl.tuning.head_space import longest_trial, tries_heads_alone
from emotion_tl.tuning.leaderboard import best_trials
from emotion_tl.tuning.same_search import OpenSearch, open_search
from emotion_tl.tuning.search_folder import SearchFolder
from emotion_tl.tuning.search_progress import SearchProgress
from emotion_tl.tuning.space_checks import check_fixed
from emotion_tl.tuning.worker import Assignment
from emotion_tl.tuning_config import TuneConfig

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        name: of the search.
        folder: its folder.
        run_id: its MLflow run, above those of the trials.
        trials: a row a trial, see `SearchFolder.table`.
        values: of the parameters of each trial by its id, as KerasTuner has them.
        objective: metric on val that the trials are judged by.
        ended_by: what ended it while there were trials still to be run: Ctrl-C, or why no worker can run them.
    """

    name: str
    folder: SearchFolder
    run_id: str
    trials: pd.DataFrame
    values: dict[str, dict[str, Any]]
    objective: str
    ended_by: KeyboardInterrupt | JobFailedError | None = None

    @property
    def status(self) -> str:
        """Returns what it is in MLflow."""
        if self.ended_by is None:
            return "FINISHED"
        return "KILLED" if isinstance(self.ended_by, KeyboardInterrupt) else "FAILED"

    @property
    def best(self) -> pd.Series:
        """Returns the row of the best trial."""
        return best_trials(self.trials, self.objective).iloc[0]


def run_search(config: TuneConfig, compose: Compose, overrides: list[str], source: str) -> SearchResult:
    """Runs the trials of a search that are still to be run. Test images are not looked at.

    Args:
        config: of the search.
        compose: returns the experiment with further overrides; it has to be picklable.
        overrides: what the user has fixed, as on the command line.
        source: the file of the space, for messages.

    Raises:
        EmotionTLError: one of its kinds, for everything the user can mend; what can be known is told before the first
            trial.
        KeyboardInterrupt: where it was interrupted before a trial had finished.
    """
    check_fixed(config.tuner.space, overrides, source)
    configs = check_search(config, compose, source)
    # Packed once, before several workers want it.
    dataset = load_dataset(config.data, Path(config.cache_dir))
    experiment = config.tracking.experiment_name or dataset.name
    with open_search(config, dataset.fingerprint) as search:
        run_id = open_run(config, search, experiment)
        head_trial = longest_trial(configs) if tries_heads_alone(configs) else None
        assignment = Assignment(config, compose, source, search.folder, run_id, head_trial, free_port())
        with closed_at_the_end(run_id) as ending:
            result = run_trials(assignment, search.name)
            ending.status = result.status
    return result


def open_run(config: TuneConfig, search: OpenSearch, experiment: str) -> str:
    """Returns the id of the MLflow run of a search; the runs below it whose processes died are closed."""
    space, tuner, folder = config.tuner.space.name, config.tuner.name, search.folder.path
    tags = {"space": space, "tuner": tuner, "folder": str(folder)}
    run_id = open_parent_run(config.tracking, experiment, search.name, f"search {search.search_id}", tags)
    close_dead_children(run_id)
    logger.info("search   %s: %s over space %s, in %s", search.name, tuner, space, folder)
    return run_id


def run_trials(assignment: Assignment, name: str) -> SearchResult:
    """Returns what the trials of a search came to when the last has ended, or when the search could not go on.

    Raises:
        JobFailedError: where none has finished.
        KeyboardInterrupt: where none had when it was interrupted.
    """
    chief = Chief(assignment)
    ended_by = None
    try:
        # The package's console does not wrap lines.
        console = Console(stderr=True)
        with SearchProgress(chief.oracle, console, chief.oracle.count_trials()) as progress:
            chief.watch(progress.update)
    except (KeyboardInterrupt, JobFailedError) as error:
        ended_by = error
    return collect(chief, name, ended_by)


def collect(chief: Chief, name: str, ended_by: KeyboardInterrupt | JobFailedError | None) -> SearchResult:
    """Returns what the trials of a search came to so far, and writes it as a table.

    Raises:
        JobFailedError: where none has finished.
        KeyboardInterrupt: where none had when it was interrupted.
    """
    assignment = chief.assignment
    folder, objective = assignment.folder, assignment.config.schedule.monitor
    values = {trial: dict(chief.oracle.trials[trial].hyperparameters.values) for trial in chief.oracle.start_order}
    table = folder.table(values, assignment.config.tuner.space)
    file = folder.path / "trials.csv"
    table.to_csv(file, index=False)
    if best_trials(table, objective).empty:
        if ended_by is not None:
            raise ended_by
        remedy = "The same command tries failed trials again."
        raise JobFailedError(f"No trial of the search has finished; {file} says why. {remedy}")
    return SearchResult(name, folder, assignment.parent_run_id, table, values, objective, ended_by)
