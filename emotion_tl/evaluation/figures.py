"""Figures of an evaluation: where it errs, how sure it is, how the classes fare."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike, NDArray

from emotion_tl.evaluation.calibration import expected_calibration_error, reliability_bins
from emotion_tl.evaluation.figure_style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    RED,
    SKY,
    SMALL,
    WIDTH,
    entitle,
    new_figure,
    shortened,
    styled,
)
from emotion_tl.evaluation.told import told_share

PERCENT = PercentFormatter(xmax=1, decimals=0, symbol=" %")
MAX_CLASSES_WITH_COUNTS = 12
SPLIT_COLORS = (BLUE, ORANGE, GREY)


@styled
def confusion_matrix_figure(counts: ArrayLike, class_names: Sequence[str]) -> Figure:
    """Draws a confusion matrix on test in percent of each true class, with the counts in small print.

    Args:
        counts: (num_classes, num_classes), a row per true class and a column per predicted one.
        class_names: one name per row.
    """
    counts = np.asarray(counts)
    crowded = len(counts) > MAX_CLASSES_WITH_COUNTS
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, (axis,) = new_figure(height=float(np.clip(0.85 * len(counts) + 1.8, 4.5, WIDTH)))
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    label_classes(axis, class_names)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    axis.set_xlabel("Predicted class")
    axis.set_ylabel("True class")
    right = told_share(np.trace(counts) / max(counts.sum(), 1))
    title = f"Confusion on test: {right} of {counts.sum():,} images right"
    in_brackets = "" if crowded else " (number of images)"
    entitle(figure, title, axis, f"Each row: how the images of one class were classified, in %{in_brackets}")
    write_cells(axis, counts, shares, with_counts=not crowded)
    return figure


def label_classes(axis: Axes, class_names: Sequence[str]) -> None:
    """Writes the class names beside rows and columns, slanted under the columns where they would touch."""
    names = [shortened(name) for name in class_names]
    slanted = max(map(len, names)) * len(names) > 80
    axis.set_xticks(range(len(names)), names, rotation=40 if slanted else 0, ha="right" if slanted else "center")
    axis.set_yticks(range(len(names)), names)


def write_cells(axis: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64], with_counts: bool) -> None:
    """Writes percent and count into the cells of the classes that have images.

    Without counts the cells are small, and less than 1 % is left out.
    """
    for (row, column), share in np.ndenumerate(shares):
        if not counts[row].any() or not (with_counts or share >= 0.01):
            continue
        place: dict[str, Any] = {"xy": (column, row), "textcoords": "offset points", "ha": "center", "va": "center"}
        place["color"] = "white" if share > 0.5 else INK
        axis.annotate(
            f"{100 * share:.0f}", xytext=(0, 6 if with_counts else 0), size=13 if with_counts else SMALL, **place
        )
        if with_counts:
            axis.annotate(f"({counts[row, column]:,})", xytext=(0, -11), size=SMALL, **place)


@styled
def reliability_diagram(labels: ArrayLike, probabilities: ArrayLike, num_bins: int = 15) -> Figure:
    """Draws accuracy against confidence on test, and how often each confidence occurs.

    Args:
        labels: (n,), positions of the true classes.
        probabilities: (n, num_classes), rows sum to 1.
        num_bins: equally wide bins of the confidence.

    Reference:
        Guo et al. 2017, On Calibration of Modern Neural Networks, arXiv:1706.04599.
    """
    bins = reliability_bins(np.asarray(labels), np.asarray(probabilities), num_bins)
    figure, (upper, lower) = new_figure(7.5, 2, sharex=True, height_ratios=[3, 1])
    draw_reliability(upper, bins[bins["count"] > 0])
    shares = bins["count"] / bins["count"].sum()
    lower.bar(bins["lower"], shares, 1 / num_bins, align="edge", color=GREY, edgecolor="white")
    lower.set(ylabel="Share of images", xlabel="Confidence: probability of the predicted class", xlim=(0, 1))
    lower.xaxis.set_major_formatter(PERCENT)
    for axis in (upper, lower):
        axis.grid(axis="y")
        axis.yaxis.set_major_formatter(PERCENT)
    title = f"Reliability on test: expected calibration error {expected_calibration_error(bins):.3f}"
    entitle(figure, title, upper, told_confidence(bins))
    return figure


def draw_reliability(axis: Axes, bins: pd.DataFrame) -> None:
    """Draws the accuracy of each bin as a bar, and its distance to the mean confidence as a hatched one."""
    place: dict[str, Any] = {"x": bins["lower"], "width": bins["upper"] - bins["lower"], "align": "edge"}
    axis.bar(height=bins["accuracy"], color=SKY, edgecolor="white", label="accuracy of the images in the bin", **place)
    gaps = bins["confidence"] - bins["accuracy"]
    hatched: dict[str, Any] = {
        "color": "none",
        "edgecolor": RED,
        "hatch": "///",
        "label": "distance to their mean confidence",
    }
    axis.bar(height=gaps, bottom=bins["accuracy"], **hatched, **place)
    axis.plot([0, 1], [0, 1], "--", color=INK, linewidth=1.2, label="as right as sure")
    axis.set(ylabel="Accuracy", ylim=(0, 1.02))
    axis.legend(loc="upper left")


def told_confidence(bins: pd.DataFrame) -> str:
    """Returns "Mean confidence 71.2 %, accuracy 65.9 %", over all images."""
    weights = bins["count"] / bins["count"].sum()
    confidence, accuracy = ((bins[column] * weights).sum() for column in ("confidence", "accuracy"))
    return f"Mean confidence {told_share(confidence)}, accuracy {told_share(accuracy)}"


@styled
def per_class_f1_figure(per_class: Sequence[Mapping[str, Any]]) -> Figure:
    """Draws the F1 of each class on test as a bar, with the number of its images and its interval where there is one.

    Args:
        per_class: rows with class, f1 (None without images), support and optionally f1_low and f1_high, as `evaluate`
            returns them.
    """
    rows = pd.DataFrame(list(per_class)).reindex(columns=["class", "support", "f1", "f1_low", "f1_high"])
    rows[["f1", "f1_low", "f1_high"]] = rows[["f1", "f1_low", "f1_high"]].astype(float)
    macro_f1 = rows["f1"].mean()
    figure, (axis,) = new_figure(height=0.42 * len(rows) + 1.7)
    axis.barh(range(len(rows)), rows["f1"], color=SKY, height=0.65)
    axis.axvline(macro_f1, color=INK, linewidth=1.2, linestyle="--")
    draw_intervals(axis, rows)
    names = zip(rows["class"], rows["support"], strict=True)
    axis.set_yticks(range(len(rows)), [f"{shortened(name)} (n = {support:,})" for name, support in names])
    axis.set(xlim=(0, 1.1), ylim=(len(rows) - 0.4, -0.6), xlabel="F1")
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x")
    whiskers = "; whiskers: bootstrap interval over the images" if rows["f1_low"].notna().any() else ""
    title = f"F1 of each class on test: macro-F1 {macro_f1:.3f}"
    entitle(figure, title, axis, f"Dashed: macro-F1{whiskers}")
    return figure


def draw_intervals(axis: Axes, rows: pd.DataFrame) -> None:
    """Draws the interval of each F1 on its bar where there is one, and writes the F1 at the end of its row."""
    for position, (f1, low, high) in enumerate(rows[["f1", "f1_low", "f1_high"]].to_numpy()):
        axis.plot([low, high], [position, position], color=INK, linewidth=1.4)
        text = "no images" if np.isnan(f1) else f"{f1:.2f}"
        axis.text(1.09, position, text, ha="right", va="center", size=SMALL + 1)


@styled
def class_distribution(counts: Mapping[str, Sequence[int]], class_names: Sequence[str]) -> Figure:
    """Draws the share of each class in each split, with the number of images.

    Args:
        counts: split name -> number of images of each class.
        class_names: one name per class.
    """
    figure, (axis,) = new_figure(height=0.24 * len(class_names) * len(counts) + 1.9)
    height = 0.8 / len(counts)
    for position, (split_name, sizes) in enumerate(counts.items()):
        shares = np.asarray(sizes) / max(sum(sizes), 1)
        places = np.arange(len(class_names)) + (position - (len(counts) - 1) / 2) * height
        color = SPLIT_COLORS[position % len(SPLIT_COLORS)]
        bars = axis.barh(places, shares, height * 0.92, color=color, label=f"{split_name}: {sum(sizes):,} images")
        axis.bar_label(bars, [f"{size:,}" for size in sizes], padding=3, size=SMALL)
    axis.set_yticks(range(len(class_names)), [shortened(name) for name in class_names])
    axis.set(xlabel="Share of the split", ylim=(len(class_names) - 0.5, -0.5))
    axis.margins(x=0.08)
    axis.xaxis.set_major_formatter(PERCENT)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x")
    figure.legend(loc="outside lower center", ncols=len(counts))
    largest, smallest = extremes(counts, class_names)
    title = f"Classes by split: most images are {largest}, fewest {smallest}"
    entitle(figure, title, axis, "Bars: share of the split; numbers: images")
    return figure


def extremes(counts: Mapping[str, Sequence[int]], class_names: Sequence[str]) -> tuple[str, str]:
    """Returns the names of the classes with the most and the fewest images over all splits."""
    totals = np.sum([list(sizes) for sizes in counts.values()], axis=0)
    return shortened(class_names[int(totals.argmax())]), shortened(class_names[int(totals.argmin())])
