"""Accuracy of the probes over the depth of the network."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from emotion_tl.analysis.best_probe import best_probe
from emotion_tl.evaluation.figure_style import BLUE, GREY, INK, ORANGE, entitle, new_figure, shortened, styled
from emotion_tl.evaluation.figures import PERCENT
from emotion_tl.evaluation.told import told_level, told_share

MAX_LETTERS = 90
"""Of all names together, that stand side by side under the figure."""
POINTS = PercentFormatter(xmax=1, decimals=0, symbol="")
COLORS = {"pretrained": BLUE, "random": GREY}


@styled
def probes_figure(table: pd.DataFrame, subject: str, largest_class: float, confidence_level: float) -> Figure:
    """Draws the accuracy of each block's probe and, below it, what pretrained weights gain over random ones.

    Args:
        table: as `tabulate_probes` returns it.
        subject: which network on which images, for the title.
        largest_class: share of the most frequent class, which a constant answer reaches.
        confidence_level: of the intervals.
    """
    with_gains = bool(table["gain"].notna().any())
    if with_gains:
        figure, (upper, lower) = new_figure(7.2, 2, sharex=True, height_ratios=[2, 1])
        draw_gains(lower, table[table["gain"].notna()], 1 - confidence_level)
    else:
        figure, (upper,) = new_figure(5.0)
    for weights, rows in table.groupby("weights", sort=False):
        draw_accuracies(upper, rows, str(weights))
    draw_ring(upper, best_probe(table))
    upper.axhline(largest_class, color=INK, linewidth=1.2, linestyle=":", label="always the largest class")
    upper.set(ylabel="Accuracy on test")
    upper.yaxis.set_major_formatter(PERCENT)
    upper.grid(axis="y")
    figure.legend(loc="outside lower center", ncols=4)
    name_blocks(lower if with_gains else upper, table)
    level = told_level(confidence_level)
    said = f"A linear classifier on each block's averaged output; whiskers: {level} bootstrap interval over the images"
    entitle(figure, told_best(table, subject), upper, said)
    return figure


def draw_accuracies(axis: Axes, rows: pd.DataFrame, weights: str) -> None:
    """Draws the accuracy of each block with its interval."""
    ends = np.abs(rows[["accuracy_low", "accuracy_high"]].to_numpy().T - rows["accuracy"].to_numpy())
    color = COLORS[weights]
    axis.errorbar(
        rows["depth"], rows["accuracy"], ends, fmt="o-", color=color, markersize=5, elinewidth=1.4, label=weights
    )


def draw_ring(axis: Axes, best: Mapping[Hashable, Any]) -> None:
    """Draws a ring around the block that val chooses."""
    ring: Any = {"markerfacecolor": "none", "markeredgewidth": 2, "markersize": 12, "linestyle": "none"}
    axis.plot([best["depth"]], [best["accuracy"]], "o", color=ORANGE, label="best by val", **ring)


def draw_gains(axis: Axes, rows: pd.DataFrame, level: float) -> None:
    """Draws the gain of each block with its interval; filled where it is shown to differ from zero."""
    is_shown = rows["adjusted_p_value"] < level
    for shown, face in ((True, BLUE), (False, "white")):
        part = rows[is_shown == shown]
        ends = np.abs(part[["gain_low", "gain_high"]].to_numpy().T - part["gain"].to_numpy())
        if len(part):
            axis.errorbar(
                part["depth"],
                part["gain"],
                ends,
                fmt="o",
                color=BLUE,
                markerfacecolor=face,
                markersize=6,
                elinewidth=1.4,
            )
    axis.axhline(0, color=INK, linewidth=1.2)
    axis.set_ylabel("Gain in points")
    axis.yaxis.set_major_formatter(POINTS)
    axis.grid(axis="y")
    axis.set_title(f"Pretrained minus random, paired; filled: McNemar below {level:g} after Holm over the blocks")


def name_blocks(axis: Axes, table: pd.DataFrame) -> None:
    """Writes the names of the blocks under their places, slanted where they would touch."""
    blocks = table.drop_duplicates("block")
    names = [shortened(name) for name in blocks["block"]]
    slanted = sum(map(len, names)) > MAX_LETTERS
    axis.set_xticks(blocks["depth"], names, rotation=40 if slanted else 0, ha="right" if slanted else "center")
    axis.set_xlabel("Block, from the input to the output")


def told_best(table: pd.DataFrame, subject: str) -> str:
    """Returns "inceptionv3 on fer2013: mixed4 is best by val, 49.8 % on test"."""
    best = best_probe(table)
    return f"{subject}: {best['block']} is best by val, {told_share(best['accuracy'])} on test"
