"""fastai's `fine_tune` of ResNet50, beside two phases of ours with as many epochs: time to the same val accuracy.

python -m benchmarks.fastai_fine_tune --data fer2013.zip --environment /tmp/fastai-environment

Without weights both start from random ones. `--weights` is a Keras file for ours, `--peer-weights` torchvision's state
dict of the same network for fastai; give both or none.
"""

import subprocess
import sys
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.arguments import (
    add_training_arguments,
    benchmark_parser,
    settings_of,
    weights_file,
    work_folder,
)
from benchmarks.fer2013_folder import extract
from benchmarks.measuring import Measures, ResultFile, Summary, measure_in_turns
from benchmarks.processes import REPOSITORY, as_flags
from benchmarks.summaries import compare, runs_of, values_of
from benchmarks.training_runs import data_overrides, network_overrides, run_ours, run_peer

REQUIREMENTS = REPOSITORY / "benchmarks" / "peers" / "requirements-fastai.txt"


def build_parser() -> ArgumentParser:
    parser = benchmark_parser("fastai_fine_tune", __doc__, weights=False)
    add_training_arguments(parser, epochs=4, num_images=2000)
    parser.add_argument("--weights", type=weights_file, default=None, help="Keras weights of ResNet50, or none")
    parser.add_argument("--peer-weights", type=weights_file, default=None, help="torchvision's, or none")
    text = "folder of fastai's virtual environment; made where it is missing, several GB"
    parser.add_argument("--environment", type=Path, required=True, help=text)
    return parser


def main() -> None:
    arguments = build_parser().parse_args()
    if (arguments.weights is None) != (arguments.peer_weights is None):
        raise SystemExit("--weights and --peer-weights: give both, of the same network, or none.")
    python = prepare_environment(arguments.environment.absolute())
    results = ResultFile(arguments.output, "fastai_fine_tune", settings_of(arguments), summarise)
    with work_folder(arguments) as work:
        folder = extract(arguments.data, work, arguments.num_images)
        sides = {
            "ours": partial(run_our_side, arguments, folder, work),
            "fastai": partial(run_fastai, arguments, python, folder, work),
        }
        measure_in_turns(results, sides, arguments.repeats)


def prepare_environment(folder: Path) -> Path:
    """Returns the interpreter of an environment in which fastai can be imported."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    if subprocess.run([python, "-c", "import fastai, torchvision"], capture_output=True).returncode:
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)], check=True)
    return python


def run_our_side(arguments: Namespace, folder: Path, work: Path) -> Measures:
    """Runs one epoch with the backbone frozen and the others with everything unfrozen, with the head users get."""
    network = network_overrides("resnet50", arguments.weights, arguments.image_size, arguments.batch_size)
    phases = "schedule.phases"
    with TemporaryDirectory(prefix="cache_", dir=work) as cache:
        overrides = [
            *data_overrides(folder, Path(cache)),
            *(text for text in network if not text.startswith("head")),
            "schedule=frozen_then_unfrozen",
            f"{phases}.frozen.epochs=1",
            f"{phases}.frozen.early_stopping_patience=null",
            f"{phases}.unfrozen.epochs={arguments.epochs}",
            f"{phases}.unfrozen.early_stopping_patience=null",
        ]
        return run_ours(overrides, work)


def run_fastai(arguments: Namespace, python: Path, folder: Path, work: Path) -> Measures:
    """Runs fastai in its own environment."""
    options = {
        "data": folder,
        "weights": arguments.peer_weights or "none",
        "epochs": arguments.epochs,
        "image-size": arguments.image_size,
        "batch-size": arguments.batch_size,
    }
    flags = as_flags(options)
    return run_peer([str(python), "-m", "benchmarks.peers.fastai_fine_tune", *flags], work)


def summarise(runs: list[Measures], settings: dict[str, Any]) -> Summary:
    """Returns the rows of the table."""
    ours, peer = runs_of(runs, "ours"), runs_of(runs, "fastai")
    times = [times_to_same_accuracy(*pair) for pair in zip(ours, peer, strict=False)]
    epochs = f"1 + {settings['epochs']} epochs"

    def measured(name: str) -> tuple[list[float], list[float]]:
        return values_of(runs, "ours", lambda run: run[name]), values_of(runs, "fastai", lambda run: run[name])

    our_best, peer_best = ([100 * max(run["val_accuracy"]) for run in side] for side in (ours, peer))
    return [
        compare(
            "start to the same val accuracy", "s", [pair[0] for pair in times], [pair[1] for pair in times], "lower"
        ),
        compare("val accuracy, best epoch", "%", our_best, peer_best, "higher", by="difference"),
        compare(f"training, {epochs}", "s", *measured("training_seconds"), "lower"),
        compare(f"whole process, {epochs}", "s", *measured("wall_seconds"), "lower"),
        compare("peak memory of the largest process", "MiB", *measured("peak_memory_mib"), "lower"),
    ]


def times_to_same_accuracy(ours: Measures, peer: Measures) -> tuple[float, float]:
    """Returns when each side first had the lower of the two best val accuracies, in seconds from its process' start."""
    target = min(max(ours["val_accuracy"]), max(peer["val_accuracy"]))

    def first_reached(run: Measures) -> float:
        epochs = zip(run["epochs_ended_after"], run["val_accuracy"], strict=True)
        return next(seconds for seconds, accuracy in epochs if accuracy >= target)

    return first_reached(ours), first_reached(peer)


if __name__ == "__main__":
    main()
