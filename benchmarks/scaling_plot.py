"""The plot of `scaling`: time and memory against the number of images, and against the number of runs at once."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.measuring import Summary

WHOLE, OWN, IDEAL = "#1f5aa6", "#c8553d", "#9a9a9a"
RESOLUTION = 110  # dots per inch


def draw(rows: Summary, path: Path) -> None:
    """Draws the rows of `scaling` into a PNG file."""
    sizes = [row for row in rows if row["growing"] == "size"]
    at_once = [row for row in rows if row["growing"] == "at_once"]
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(9.5, 3.1), layout="constrained")
        time, memory, together = figure.subplots(1, 3)
        draw_time(time, sizes)
        draw_memory(memory, sizes)
        draw_at_once(together, at_once)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=RESOLUTION)


def draw_time(axes: Axes, rows: Summary) -> None:
    """Draws what a run takes, and what of it the pass over the images takes."""
    images = [row["num_images"] / 1000 for row in rows]
    axes.plot(images, [row["wall_seconds"] for row in rows], "o-", color=WHOLE, label="whole process")
    axes.plot(images, [row["training_seconds"] for row in rows], "s-", color=OWN, label="training, pass included")
    finish(axes, "Time of a frozen phase", "training images, thousands", "seconds")
    axes.legend(frameon=False)


def draw_memory(axes: Axes, rows: Summary) -> None:
    """Draws the peak memory of a run and the disk its cache takes."""
    images = [row["num_images"] / 1000 for row in rows]
    axes.plot(images, [row["peak_memory_mib"] / 1024 for row in rows], "o-", color=WHOLE, label="peak memory")
    axes.plot(images, [row["cache_mib"] / 1024 for row in rows], "s-", color=OWN, label="caches on disk")
    finish(axes, "Memory and disk", "training images, thousands", "GiB")
    axes.legend(frameon=False)


def draw_at_once(axes: Axes, rows: Summary) -> None:
    """Draws the time until all of several runs have ended, and what it would be one after the other without a cache."""
    numbers = [row["at_once"] for row in rows]
    axes.plot(numbers, [row["wall_seconds"] for row in rows], "o-", color=WHOLE, label="sharing an empty cache")
    if numbers:
        alone = rows[0]["wall_seconds"] / rows[0]["at_once"]
        axes.plot(numbers, [alone * number for number in numbers], "--", color=IDEAL, label="each on its own, in turn")
    finish(axes, "Runs started together", "runs", "seconds until all ended")
    axes.set_xticks(numbers)
    axes.legend(frameon=False)


def finish(axes: Axes, title: str, across: str, up: str) -> None:
    """Names the axes, which start at zero."""
    axes.set_title(title, loc="left")
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.25)
