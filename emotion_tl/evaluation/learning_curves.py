"""The course of a training, over all its phases."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from emotion_tl.evaluation.figure_style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    SMALL,
    entitle,
    new_figure,
    shortened,
    styled,
)
from emotion_tl.evaluation.told import told_share

LETTERS_ACROSS = 110
"""Letters of small print that fit over the plot."""


@styled
def learning_curves(history: pd.DataFrame) -> Figure:
    """Draws loss and accuracy of train and val over the epochs, with the phases and the chosen epoch.

    Args:
        history: one row per epoch with epoch (from 1, going on over the phases), phase, loss, accuracy, val_loss,
            val_accuracy and best (bool, true for the epoch whose weights were kept).
    """
    figure, axes = new_figure(7.0, 2, sharex=True)
    for axis, metric, label in zip(axes, ("loss", "accuracy"), ("Loss", "Accuracy"), strict=True):
        draw_curves(axis, history, metric)
        draw_phase_boundaries(axis, history)
        draw_best_epoch(axis, history, f"val_{metric}")
        axis.set_ylabel(label)
        axis.grid(axis="y")
    name_phases(axes[0], history)
    axes[0].legend(loc="upper right")
    axes[1].yaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=" %"))
    axes[1].set_xlabel("Epoch")
    axes[1].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes[1].set_xlim(history["epoch"].min() - 0.5, history["epoch"].max() + 0.5)
    entitle(figure, curves_title(history))
    return figure


def curves_title(history: pd.DataFrame) -> str:
    """Returns the title: the number of epochs, and the chosen one with its val accuracy."""
    title = f"Loss and accuracy over {len(history)} epoch{'s' if len(history) > 1 else ''}"
    best = history[history["best"]]
    if best.empty:
        return title
    epoch, accuracy = best[["epoch", "val_accuracy"]].iloc[0]
    return f"{title}; kept: epoch {epoch:.0f}, val accuracy {told_share(accuracy)}"


def draw_curves(axis: Axes, history: pd.DataFrame, metric: str) -> None:
    """Draws a metric of train and val; what is not finite leaves a gap."""
    # A lone point makes no line, so short trainings get markers.
    marker = "o" if len(history) <= 30 else None
    for column, label, color in ((metric, "train", ORANGE), (f"val_{metric}", "val", BLUE)):
        values = history[column].astype(float).replace([np.inf, -np.inf], np.nan)
        axis.plot(history["epoch"], values, color=color, label=label, marker=marker, markersize=3.5)


def phase_spans(history: pd.DataFrame) -> list[tuple[str, int, int]]:
    """Returns (name, first epoch, last epoch) of each phase in the order of training."""
    spans = history.groupby("phase", sort=False)["epoch"].agg(["min", "max"])
    return [(str(name), int(first), int(last)) for name, first, last in spans.itertuples()]


def draw_phase_boundaries(axis: Axes, history: pd.DataFrame) -> None:
    """Draws a line between the last epoch of a phase and the first of the next."""
    for _, first, _ in phase_spans(history)[1:]:
        axis.axvline(first - 0.5, color=GREY, linewidth=1, linestyle="--")


def name_phases(axis: Axes, history: pd.DataFrame) -> None:
    """Writes each phase's name above its epochs, slanted where the phases are too short for it."""
    spans = phase_spans(history)
    names = [shortened(name) for name, _, _ in spans]
    letters_per_epoch = LETTERS_ACROSS / len(history)
    num_epochs = [last - first + 1 for _, first, last in spans]
    crowded = any(len(name) > letters_per_epoch * num for name, num in zip(names, num_epochs, strict=True))
    for name, (_, first, last) in zip(names, spans, strict=True):
        axis.text(
            (first + last) / 2,
            1.02,
            name,
            transform=axis.get_xaxis_transform(),
            ha="left" if crowded else "center",
            va="bottom",
            rotation=25 if crowded else 0,
            color=GREY,
            size=SMALL + 1,
        )


def draw_best_epoch(axis: Axes, history: pd.DataFrame, column: str) -> None:
    """Rings the kept epoch on the curve of val."""
    best = history[history["best"]]
    if best.empty:
        return
    axis.plot(
        best["epoch"], best[column], "o", markersize=10, markerfacecolor="none", markeredgecolor=INK, label="kept epoch"
    )
