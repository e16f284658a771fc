"""A search from a configuration to its best trial: the whole story on one screen."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from emotion_tl.data.dataset import load_dataset
from emotion_tl.errors import JobFailedError
from emotion_tl.tracking.parent_run import close_parent_run, open_parent_run
from emotion_tl.tuning.checks import check_search
from emotion_tl.tuning.chief import Chief, free_port
from emotion_tl.tuning.composition import Compose
from emotion_tl.tuning.head_space import tries_heads_alone
from emotion_tl.tuning.leaderboard import best_trials
from emotion_tl.tuning.num_trials import count_trials
from emotion_tl.tuning.search_folder import SearchFolder, open_search
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
    """

    name: str
    folder: SearchFolder
    run_id: str
    trials: pd.DataFrame
    values: dict[str, dict[str, Any]]
    objective: str

    @property
    def best(self) -> pd.Series:
        """Returns the row of the best trial."""
        return best_trials(self.trials, self.objective).iloc[0]


def run_search(config: TuneConfig, compose: Compose, overrides: list[str], source: str) -> SearchResult:
    """Runs the trials of a search that are still to be run. Test images are not looked at.

    Args:
        config: of the search.
        compose: returns the experiment with further overrides; it has to be picklable.
        overrides: what the user has fixed, as on the command line: part of what makes two searches the same.
        source: the file of the space, for messages.

    Raises:
        EmotionTLError: one of its kinds, for everything the user can mend; what can be known is told before the first
            trial.
    """
    check_fixed(config.tuner.space, overrides, source)
    configs = check_search(config, compose, source)
    # Packed once, before several workers want it.
    dataset = load_dataset(config.data, Path(config.cache_dir).expanduser())
    name, folder = open_search(config, overrides, dataset.fingerprint)
    experiment = config.tracking.experiment_name or dataset.name
    tags = {"space": config.tuner.space.name, "tuner": config.tuner.name, "folder": str(folder.path)}
    run_id = open_parent_run(config.tracking, experiment, name, f"search {folder.path}", tags)
    logger.info("search   %s: %s over space %s, in %s", name, config.tuner.name, config.tuner.space.name, folder.path)

    assignment = Assignment(config, compose, source, folder, run_id, tries_heads_alone(configs), free_port())
    status = "FAILED"
    try:
        chief = Chief(assignment)
        # The package's console does not wrap lines.
        with SearchProgress(chief.oracle, Console(stderr=True), count_trials(config.tuner)) as progress:
            chief.watch(progress.update)
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        close_parent_run(run_id, status)
    return collect(chief, config, name, folder, run_id)


def collect(chief: Chief, config: TuneConfig, name: str, folder: SearchFolder, run_id: str) -> SearchResult:
    """Returns what the trials of a search came to, and writes it as a table.

    Raises:
        JobFailedError: where none has finished.
    """
    values = {trial: dict(chief.oracle.trials[trial].hyperparameters.values) for trial in chief.oracle.start_order}
    table = folder.table(values, config.tuner.space)
    file = folder.path / "trials.csv"
    table.to_csv(file, index=False)
    if best_trials(table, config.schedule.monitor).empty:
        remedy = "The same command tries failed trials again."
        raise JobFailedError(f"No trial of the search has finished; {file} says why. {remedy}")
    return SearchResult(name, folder, run_id, table, values, config.schedule.monitor)
