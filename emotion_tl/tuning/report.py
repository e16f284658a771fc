"""What a search leaves: its best trials on the terminal, a figure, and the best of them as an experiment file."""

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from emotion_tl.config import ExperimentConfig
from emotion_tl.console import console
from emotion_tl.tracking.parent_run import log_file, log_summary
from emotion_tl.tuning.experiment_file import Origin, write_experiment_file
from emotion_tl.tuning.figures import search_figure
from emotion_tl.tuning.importance import parameter_importances
from emotion_tl.tuning.leaderboard import print_leaderboard
from emotion_tl.tuning.search import SearchResult
from emotion_tl.tuning_config import TuneConfig

FIGURE_RESOLUTION = 120  # dots per inch


@dataclass(frozen=True)
class BestTrial:
    """The best trial as an experiment.

    Attributes:
        config: as it is run to its end.
        overrides: those the user has fixed, and the trial's.
        choices: the option of each group of `conf/`.
    """

    config: ExperimentConfig
    overrides: list[str]
    choices: Mapping[str, str | None]


def report_search(result: SearchResult, config: TuneConfig, best: BestTrial) -> Path:
    """Prints the best trials, draws the search, and returns the experiment file of the best trial."""
    space, folder = config.tuner.space, result.folder.path
    print_leaderboard(result.trials, space, result.objective)
    importances = parameter_importances(result.trials, space, config.seed)
    figure = search_figure(result.trials, importances, result.objective, result.name)
    figure.savefig(folder / "search.png", dpi=FIGURE_RESOLUTION)
    file = folder / "conf" / "experiment" / f"{result.name}.yaml"
    row = result.best
    origin = Origin(
        result.name, int(row["number"]), result.objective, float(row["value"]), shlex.join(sys.argv), datetime.now()
    )
    write_experiment_file(file, best.config, best.choices, best.overrides, origin)
    for path in (folder / "trials.csv", folder / "search.png", file):
        log_file(result.run_id, path)
    log_summary(result.run_id, {f"best_{result.objective}": float(row["value"]), "num_trials": len(result.trials)})
    console.print(importances.note)
    console.print(f"Figure and table: {shown(folder)}")
    command = f"python -m emotion_tl --config-dir {shown(folder / 'conf')} experiment={result.name}"
    console.print(f"Run the best again: {command}")
    return file


def shown(path: Path) -> Path:
    """Returns a path as it is typed: below the working directory, without that."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
