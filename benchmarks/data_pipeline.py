"""From the archive to the first training step: packing, the input path alone, the start of a run, quick answers.

python -m benchmarks.data_pipeline --data fer2013.zip --weights inceptionv3.weights.h5

The peer of the input path is Keras' `image_dataset_from_directory`, which decodes every image in every epoch: once at
the stored size, so that both give the same pixels, and once as the plain script has it, resized and RGB.
"""

import sys
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.arguments import add_training_arguments, benchmark_parser, settings_of, work_folder
from benchmarks.fer2013_folder import extract
from benchmarks.measuring import Measures, ResultFile, Summary, measure_in_turns
from benchmarks.processes import run_program
from benchmarks.summaries import compare, report, runs_of, values_of
from benchmarks.training_runs import data_overrides, frozen_overrides, network_overrides, run_ours, run_peer

START_LIMIT = 10.0
ANSWER_LIMIT = 1.5
STORED_IMAGE_SIZE = 48
# What is asked, and the exit code that is right.
ANSWERS = {"--help": (["--help"], 0), "--cfg job": (["--cfg", "job"], 0), "a wrong override": (["backbone=vgg61"], 1)}


def build_parser() -> ArgumentParser:
    parser = benchmark_parser("data_pipeline", __doc__)
    add_training_arguments(parser, epochs=1, num_images=None)
    parser.add_argument("--backbone", default="inceptionv3", help="of the run whose start is timed (%(default)s)")
    return parser


def main() -> None:
    arguments = build_parser().parse_args()
    results = ResultFile(arguments.output, "data_pipeline", settings_of(arguments), summarise)
    with work_folder(arguments) as work, TemporaryDirectory(prefix="cache_", dir=work) as filled:
        folder = extract(arguments.data, work, arguments.num_images)
        data = folder if arguments.num_images else arguments.data
        sides = {
            "ours": partial(load_ours, arguments, data, work),
            "peer_same_pixels": partial(load_peer, arguments, folder, "grayscale", STORED_IMAGE_SIZE, work),
            "peer_as_trained": partial(load_peer, arguments, folder, "rgb", arguments.image_size, work),
            "answers": partial(time_answers, work),
        }
        measure_in_turns(results, sides, arguments.repeats)
        start = partial(time_start, arguments, data, Path(filled), work)
        if not all(results.has("start", repeat) for repeat in range(arguments.repeats)):
            print("filling the cache", flush=True)
            start()
        measure_in_turns(results, {"start": start}, arguments.repeats)


def load_ours(arguments: Namespace, data: Path, work: Path) -> Measures:
    """Packs the images, opens them again, and reads them in batches, each in a process of its own."""
    with TemporaryDirectory(prefix="cache_", dir=work) as cache:
        command = [sys.executable, "-m", "benchmarks.our_input", "--data", str(data), "--cache-dir", cache]
        batches = ["--iterate", "--batch-size", str(arguments.batch_size)]
        return {
            "first": run_peer(command, work),
            "second": run_peer(command, work),
            "batches": run_peer([*command, *batches], work),
        }


def load_peer(arguments: Namespace, folder: Path, color_mode: str, image_size: int, work: Path) -> Measures:
    """Reads the training images once through Keras."""
    command = [sys.executable, "-m", "benchmarks.peers.keras_input", "--data", str(folder), "--color-mode", color_mode]
    sizes = ["--image-size", str(image_size), "--batch-size", str(arguments.batch_size)]
    return run_peer([*command, *sizes], work)


def time_answers(work: Path) -> Measures:
    """Asks what the command line should answer at once."""
    return {
        what: run_program([sys.executable, "-m", "emotion_tl", *words], work, exit_code).measures()
        for what, (words, exit_code) in ANSWERS.items()
    }


def time_start(arguments: Namespace, data: Path, cache_dir: Path, work: Path) -> Measures:
    """Runs a frozen phase on a cache and an MLflow database that are kept."""
    network = network_overrides(arguments.backbone, arguments.weights, arguments.image_size, arguments.batch_size)
    return run_ours([*data_overrides(data, cache_dir), *network, *frozen_overrides(arguments.epochs)], work, work)


def summarise(runs: list[Measures], settings: dict[str, Any]) -> Summary:
    """Returns the rows of the table."""

    def ours(step: str, measure: str) -> list[float]:
        return values_of(runs, "ours", lambda run: run[step][measure])

    def peer(side: str, measure: str) -> list[float]:
        return values_of(runs, side, lambda run: run[measure])

    size = settings["image_size"]
    speed = ours("batches", "images_per_second")
    same, as_trained = (peer(f"peer_{which}", "images_per_second") for which in ("same_pixels", "as_trained"))
    rows = [
        report("decode and pack, first run", "s", ours("first", "load_seconds")),
        report("peak memory while packing", "MiB", ours("first", "peak_memory_mib")),
        report("open the images, second run", "s", ours("second", "load_seconds")),
        report("peak memory, second run", "MiB", ours("second", "peak_memory_mib")),
        compare(f"input path, {STORED_IMAGE_SIZE} px grey", "images/s", speed, same, "higher"),
        compare(f"input path, the peer's at {size} px RGB", "images/s", speed, as_trained, "higher"),
        report(
            "start of the process to start of the training, cache filled",
            "s",
            values_of(runs, "start", lambda run: run["training_began_after"]),
            limit=START_LIMIT,
        ),
        report("start of the process to end of first epoch", "s", values_of(runs, "start", first_epoch)),
    ]
    for what in ANSWERS:
        seconds = [run[what]["wall_seconds"] for run in runs_of(runs, "answers")]
        rows.append(report(f"answer to {what}", "s", seconds, limit=ANSWER_LIMIT))
    return rows


def first_epoch(run: Measures) -> float:
    return run["epochs_ended_after"][0]


if __name__ == "__main__":
    main()
