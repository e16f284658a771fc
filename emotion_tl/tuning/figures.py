"""One figure of a search: the score of each trial, and what mattered for it."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from emotion_tl.evaluation.figure_style import (
    BLUE,
    INK,
    ORANGE,
    RED,
    SKY,
    entitle,
    new_figure,
    shortened,
    styled,
)
from emotion_tl.training_config import MONITORS
from emotion_tl.tuning.importance import Importances
from emotion_tl.tuning.leaderboard import SHARES, best_trials, value_of_objective

MAX_PARAMETERS = 12
MAX_NAME_LENGTH = 32


@styled
def search_figure(trials: pd.DataFrame, importances: Importances, objective: str, name: str) -> Figure:
    """Draws the score of each trial with the best so far, and below it the importance of each parameter.

    Args:
        trials: as in `print_leaderboard`.
        importances: of its parameters.
        objective: metric by which the trials are judged, one of `MONITORS`.
        name: of the search, for the title.
    """
    shown = importances.table.head(MAX_PARAMETERS)
    lower_height = 0.36 * len(shown) + 0.9 if len(shown) else 0.4
    figure, (upper, lower) = new_figure(4.2 + lower_height, 2, height_ratios=[3.6, lower_height])
    best = best_trials(trials, objective)
    draw_scores(upper, trials, best, objective)
    draw_importances(lower, shown, importances.note)
    found = f": best {objective} {value_of_objective(best['value'][0], objective)}" if len(best) else ""
    num_failed = int((trials["status"] == "failed").sum())
    failed = f", {num_failed} failed" if num_failed else ""
    entitle(figure, f"Search {shortened(name, 40)}{found}", upper, f"{len(best)} trials finished{failed}")
    return figure


def draw_scores(axis: Axes, trials: pd.DataFrame, best: pd.DataFrame, objective: str) -> None:
    """Draws a dot for each finished trial, the best so far as a line, and a tick at the foot for each failed trial."""
    finished = best.sort_values("number")
    accumulate = np.maximum.accumulate if MONITORS[objective] == "max" else np.minimum.accumulate
    axis.plot(finished["number"], finished["value"], "o", color=SKY, markersize=5, label="a trial")
    so_far = accumulate(finished["value"].to_numpy(dtype=float))
    axis.step(finished["number"], so_far, where="post", color=BLUE, label="best so far")
    if len(best):
        first = best.iloc[0]
        axis.plot(
            first["number"], first["value"], "o", color=ORANGE, markersize=9, label=f"best: trial {first['number']}"
        )
    failed = trials.loc[trials["status"] == "failed", "number"]
    if len(failed):
        foot = np.full(len(failed), 0.02)
        axis.plot(failed, foot, "x", color=RED, transform=axis.get_xaxis_transform(), label="failed")
    if objective in SHARES:
        axis.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=None, symbol=" %"))
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set(xlabel="Trial", ylabel=objective)
    axis.grid(axis="y")
    # Above the panel, at the right of what stands there.
    axis.legend(
        loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.1, ncols=4, columnspacing=1.2, handletextpad=0.4
    )


def draw_importances(axis: Axes, table: pd.DataFrame, note: str) -> None:
    """Draws the importance of each parameter as a bar with its spread, or says why there is none."""
    axis.set_title(note)
    if table.empty:
        axis.set_axis_off()
        return
    places = range(len(table))
    axis.barh(places, table["importance"].clip(lower=0), color=SKY, height=0.65)
    low = (table["importance"] - table["spread"]).clip(lower=0)
    axis.hlines(places, low, (table["importance"] + table["spread"]).clip(lower=0), color=INK, linewidth=1.4)
    axis.set_yticks(places, [shortened(name, MAX_NAME_LENGTH) for name in table["parameter"]])
    axis.set(ylim=(len(table) - 0.4, -0.6), xlim=(0, None))
    axis.set_xlabel("Importance: share of the variance of the score; lines: its spread")
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x")
