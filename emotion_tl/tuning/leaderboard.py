"""The best trials of a search, and what stopped the failed ones, on the terminal."""

import math
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from emotion_tl.duration import told_duration
from emotion_tl.training_config import MONITORS
from emotion_tl.tuning_config import SpaceConfig

SHARES = ("val_accuracy", "val_macro_f1")
MAX_REASON_LENGTH = 300
MAX_NAME_WIDTH = 30


def print_leaderboard(
    trials: pd.DataFrame, space: SpaceConfig, objective: str, num_best: int = 5, console: Console | None = None
) -> None:
    """Prints the best trials, and below them the failed ones with their reasons.

    Args:
        trials: a row a trial with number, status ("finished", "failed" or "running"), value, epochs, seconds and
            reason, and a column for each parameter, empty where the trial does not have it.
        space: what was searched.
        objective: metric by which the trials are judged, one of `MONITORS`.
        num_best: trials shown, where so many fit beside each other.
        console: where to print; None is standard output.
    """
    console = console or Console(highlight=False)
    best = best_trials(trials, objective)
    if best.empty:
        console.print("No trial finished.")
    else:
        console.print(fitting_table(best, space, objective, num_best, console))
    for line in failure_lines(trials):
        console.print(f"[red]failed[/] {escape(line)}")


def best_trials(trials: pd.DataFrame, objective: str) -> pd.DataFrame:
    """Returns the finished trials, the best first; of equal ones, the earlier."""
    finished = trials[(trials["status"] == "finished") & trials["value"].notna()]
    ascending = MONITORS[objective] == "min"
    return finished.sort_values(["value", "number"], ascending=[ascending, True], ignore_index=True)


def fitting_table(best: pd.DataFrame, space: SpaceConfig, objective: str, num_best: int, console: Console) -> Table:
    """Returns the table of as many of the best trials as the console is wide enough for."""
    # rich cuts the width it measures to that of the console, unless it is told of a wider one.
    unlimited = console.options.update(width=10_000)
    for num_shown in range(min(num_best, len(best)), 1, -1):
        table = leaderboard(best.head(num_shown), len(best), space, objective)
        if console.measure(table, options=unlimited).minimum <= console.width:
            return table
    return leaderboard(best.head(1), len(best), space, objective)


def leaderboard(best: pd.DataFrame, num_finished: int, space: SpaceConfig, objective: str) -> Table:
    """Returns a table with a column for each of some trials, and a row for each parameter that one of them has."""
    title = f"Best {len(best)} of {num_finished} finished trials by {objective}"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    names = [name for name in space.parameters if name in best and best[name].notna().any()]
    width = min(MAX_NAME_WIDTH, max(map(len, [objective, *names])))
    table.add_column("trial", overflow="fold", min_width=width, max_width=width)
    for number in best["number"]:
        table.add_column(f"#{number}", justify="right", no_wrap=True)
    scores = [value_of_objective(value, objective) for value in best["value"]]
    table.add_row(objective, scores[0], *scores[1:], style="bold")
    table.add_row("epochs", *(readable(epochs) for epochs in best["epochs"]))
    table.add_row("time", *(told_duration(seconds) for seconds in best["seconds"]), end_section=True)
    for name in names:
        table.add_row(escape(name), *(escape(readable(value)) for value in best[name]))
    return table


def failure_lines(trials: pd.DataFrame) -> list[str]:
    """Returns a line for each reason of failure, with the numbers of the trials it stopped."""
    failed = trials[trials["status"] == "failed"]
    lines = []
    for reason, group in failed.groupby(failed["reason"].fillna("no reason was given"), sort=False):
        numbers = ", ".join(f"#{number}" for number in group["number"])
        first_line = str(reason).strip().partition("\n")[0]
        lines.append(f"{numbers}: {first_line[:MAX_REASON_LENGTH]}")
    return lines


def value_of_objective(value: float, objective: str) -> str:
    """Returns a score as text: shares in percent, losses as they are."""
    return f"{100 * value:.2f} %" if objective in SHARES else f"{value:.4f}"


def readable(value: Any) -> str:
    """Returns the value of a parameter, short: 3.2e-04, 0.41, 512; a dash where the trial does not have it."""
    if isinstance(value, str):
        return value
    if value is None or pd.isna(value):
        return "–"
    number = float(value)
    if number.is_integer() and abs(number) < 1e5:
        return str(int(number))
    if 1e-3 <= abs(number) < 1e5:
        return f"{number:.{max(0, 1 - math.floor(math.log10(abs(number))))}f}"
    return f"{number:.1e}"
