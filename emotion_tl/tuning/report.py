"""What a search leaves: its best trials on the terminal, a figure, and the best of them as an experiment file."""

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from emotion_tl.config import ExperimentConfig
from emotion_tl.console import console, shown
from emotion_tl.evaluation.figure_style import save_figure
from emotion_tl.tracking.parent_run import log_file, log_summary
from emotion_tl.tuning.experiment_file import Origin, run_command, write_experiment_file
from emotion_tl.tuning.figures import search_figure
from emotion_tl.tuning.importance import parameter_importances
from emotion_tl.tuning.leaderboard import print_leaderboard
from emotion_tl.tuning.search import SearchResult
from emotion_tl.tuning_config import SpaceConfig, TuneConfig


@dataclass(frozen=True)
class BestTrial:
    """The best trial as an experiment.

    Attributes:
        config: as it is run to its end.
        overrides: those the user has fixed, and the trial's.
        choices: the option of each group of `conf/`.
        further: places that the options come from beside `conf/`, as `hydra.searchpath` has them.
    """

    config: ExperimentConfig
    overrides: list[str]
    choices: Mapping[str, str | None]
    further: tuple[str, ...]


def report_search(result: SearchResult, config: TuneConfig, best: BestTrial) -> Path:
    """Prints the best trials, draws the search, and returns the experiment file of the best trial."""
    space, folder = config.tuner.space, result.folder.path
    print_leaderboard(result.trials, space, result.objective)
    importances = parameter_importances(result.trials, space, config.seed)
    figure = search_figure(result.trials, importances, result.objective, result.name)
    save_figure(figure, folder / "search.png")
    file = folder / "conf" / "experiment" / f"{result.name}.yaml"
    row = result.best
    command = f"python -m emotion_tl tune {shlex.join(sys.argv[1:])}"
    origin = Origin(result.name, int(row["number"]), result.objective, float(row["value"]), command, datetime.now())
    write_experiment_file(file, best.config, best.choices, best.overrides, origin, best.further)
    for path in (folder / "trials.csv", folder / "search.png", file):
        log_file(result.run_id, path)
    log_summary(result.run_id, {f"best_{result.objective}": float(row["value"]), "num_trials": len(result.trials)})
    console.print(importances.note, markup=False)
    if ends := at_the_end_of_their_range(row, space):
        told = f"Best at an end of the range: {', '.join(ends)}. A wider range may hold a better value."
        console.print(told, markup=False)
    console.print(f"Figure and table: {shown(folder)}", markup=False)
    console.print(f"Run the best again: {run_command(file, best.overrides, best.further)}", markup=False)
    return file


def at_the_end_of_their_range(best: pd.Series, space: SpaceConfig) -> list[str]:
    """Returns the parameters of the best trial that lie within a hundredth of their range from one of its ends."""
    found = []
    for name, parameter in space.parameters.items():
        if parameter.choices is not None or pd.isna(best[name]):
            continue
        numbers = np.array([parameter.low, parameter.high, best[name]], dtype="float64")
        low, high, value = np.log(numbers) if parameter.sampling == "log" else numbers
        if min(value - low, high - value) <= (high - low) / 100:
            found.append(name)
    return found
