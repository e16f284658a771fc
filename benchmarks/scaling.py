"""What a frozen phase costs as the work grows: more images, and several runs at once that share an empty cache.

python -m benchmarks.scaling --data fer2013.zip --weights inceptionv3.weights.h5

Runs that start together differ in their seed; the first to come computes the features, the others wait for them.
"""

from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

from benchmarks.arguments import RESULTS, add_training_arguments, benchmark_parser, positive, settings_of, work_folder
from benchmarks.fer2013_folder import count_images, extract
from benchmarks.measuring import Measures, ResultFile, Summary, measure_in_turns
from benchmarks.processes import run_together
from benchmarks.summaries import runs_of
from benchmarks.training_runs import data_overrides, frozen_overrides, network_overrides, our_command, read_ours

MEASURED = (
    "num_images",
    "wall_seconds",
    "training_seconds",
    "seconds_outside_epochs",
    "cpu_seconds",
    "peak_memory_mib",
    "cache_mib",
)
PLOT = RESULTS.parent / "images" / "scaling.png"


def build_parser() -> ArgumentParser:
    parser = benchmark_parser("scaling", __doc__)
    add_training_arguments(parser, epochs=10, num_images=None)
    parser.add_argument("--backbone", default="inceptionv3", help="(%(default)s)")
    text = "training images of the runs that grow; --num-images are those of the runs at once (%(default)s)"
    parser.add_argument("--sizes", nargs="+", type=positive, default=[1000, 4000, 16000, 28709], help=text)
    parser.add_argument("--at-once", nargs="+", type=positive, default=[1, 2, 4], help="numbers of runs (%(default)s)")
    parser.add_argument("--plot", type=Path, default=PLOT, help="where the plot goes")
    return parser


def main() -> None:
    arguments = build_parser().parse_args()
    settings = settings_of(arguments)
    settings.pop("plot")
    results = ResultFile(arguments.output, "scaling", settings, summarise)
    with work_folder(arguments) as work:
        sides = {f"{size} images": partial(run_at_once, arguments, size, 1, work) for size in arguments.sizes}
        for number in arguments.at_once:
            sides[f"{number} at once"] = partial(run_at_once, arguments, arguments.num_images, number, work)
        measure_in_turns(results, sides, arguments.repeats)
    # Imported here: a process that has imported it would be larger than the ones it measures.
    from benchmarks.scaling_plot import draw

    draw(summarise(results.runs, settings), arguments.plot)


def run_at_once(arguments: Namespace, num_images: int, number: int, work: Path) -> Measures:
    """Starts runs at the same time on one empty cache and waits for all of them."""
    folder = extract(arguments.data, work, num_images)
    network = network_overrides(arguments.backbone, arguments.weights, arguments.image_size, arguments.batch_size)
    with TemporaryDirectory(prefix="cache_", dir=work) as cache:
        overrides = [*data_overrides(folder, Path(cache)), *network, *frozen_overrides(arguments.epochs)]
        folders = [Path(mkdtemp(prefix="run_", dir=work)) for _ in range(number)]
        commands = [our_command([*overrides, f"seed={seed}"], folders[seed]) for seed in range(number)]
        ended = [
            read_ours(run, run_folder) for run, run_folder in zip(run_together(commands, work), folders, strict=True)
        ]
        cache_bytes = sum(file.stat().st_size for file in Path(cache).rglob("*") if file.is_file())
    return {
        "num_images": count_images(folder, "train"),
        "wall_seconds": max(run["wall_seconds"] for run in ended),
        "cpu_seconds": sum(run["cpu_seconds"] for run in ended),
        "peak_memory_mib": max(run["peak_memory_mib"] for run in ended),
        "training_seconds": max(run["training_seconds"] for run in ended),
        "seconds_outside_epochs": max(run["seconds_outside_epochs"] for run in ended),
        "cache_mib": cache_bytes / 2**20,
    }


def summarise(runs: list[Measures], settings: dict[str, Any]) -> Summary:
    """Returns a row for each size and each number of runs, with medians."""
    rows = [median_row(runs_of(runs, f"{size} images"), "size", 1) for size in settings["sizes"]]
    rows += [median_row(runs_of(runs, f"{number} at once"), "at_once", number) for number in settings["at_once"]]
    return [row for row in rows if row["num_runs"]]


def median_row(runs: list[Measures], growing: str, number: int) -> dict[str, Any]:
    """Returns the medians of runs of the same work.

    Args:
        growing: which series the row belongs to, "size" or "at_once".
        number: of runs at once.
    """
    measured = [name for name in MEASURED if runs]
    medians = {name: median(run[name] for run in runs) for name in measured}
    wall = [run["wall_seconds"] for run in runs]
    wall_range = {"wall_range": [min(wall), max(wall)]} if wall else {}
    return {"growing": growing, "at_once": number, "num_runs": len(runs), **medians, **wall_range}


if __name__ == "__main__":
    main()
