"""Many heads on one frozen InceptionV3, all features of FER-2013 cached, beside Keras heads on the same features.

python -m benchmarks.head_trials --data fer2013.zip --weights inceptionv3.weights.h5

Ours tries them in as many processes as there are cores, each of which takes the next trial when it has ended one, as
the workers of a search do; the peer keeps the features in memory as float32 and gives each `fit` all cores.
"""

import json
import random
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

from benchmarks.arguments import add_training_arguments, benchmark_parser, positive, settings_of, work_folder
from benchmarks.measuring import Measures, ResultFile, Summary, measure_in_turns
from benchmarks.processes import as_flags, run_program, run_together
from benchmarks.summaries import compare, values_of
from benchmarks.training_runs import data_overrides, frozen_overrides, network_overrides, our_command

MARK = 60.0


def build_parser() -> ArgumentParser:
    parser = benchmark_parser("head_trials", __doc__)
    add_training_arguments(parser, epochs=5, num_images=None)
    parser.set_defaults(batch_size=256)
    parser.add_argument("--backbone", default="inceptionv3", help="(%(default)s)")
    parser.add_argument("--trials", type=positive, default=40, help="heads that are tried (%(default)s)")
    parser.add_argument("--processes", type=positive, default=2, help="of ours (%(default)s)")
    return parser


def main() -> None:
    arguments = build_parser().parse_args()
    results = ResultFile(arguments.output, "head_trials", settings_of(arguments), summarise)
    with work_folder(arguments) as work, TemporaryDirectory(prefix="cache_", dir=work) as cache:
        overrides = [
            *data_overrides(arguments.data, Path(cache)),
            *network_overrides(arguments.backbone, arguments.weights, arguments.image_size, arguments.batch_size),
            *frozen_overrides(arguments.epochs),
        ]
        # Fills the cache, which is not what is measured here.
        run_program(our_command(overrides, work), work)
        features = work / "features.npz"
        run_program(our_program([], overrides, 0, features, work), work)
        trials = draw_trials(arguments.trials)
        sides = {
            "ours": lambda: run_ours(trials, overrides, arguments, work),
            "plain": lambda: run_plain(trials, features, arguments, work),
        }
        measure_in_turns(results, sides, arguments.repeats)


def draw_trials(number: int) -> list[dict[str, Any]]:
    """Returns the heads and learning rates that both sides try, the same each time."""
    generator = random.Random(0)
    return [
        {
            "units": generator.choice([[], [64], [256]]),
            "dropout": round(generator.uniform(0, 0.5), 2),
            "learning_rate": 10 ** generator.uniform(-4, -2),
        }
        for _ in range(number)
    ]


def run_ours(trials: list[dict[str, Any]], overrides: list[str], arguments: Namespace, work: Path) -> Measures:
    """Tries the heads in processes side by side."""
    results = [Path(mkdtemp(prefix="run_", dir=work)) / "result.json" for _ in range(arguments.processes)]
    taken = Path(mkdtemp(prefix="taken_", dir=work))
    runs = run_together([our_program(trials, overrides, 1, result, taken) for result in results], work)
    measured = [json.loads(result.read_text()) for result in results]
    return {
        "wall_seconds": max(run.wall_seconds for run in runs),
        "peak_memory_mib": max(run.peak_memory_mib for run in runs),
        "trial_seconds": max(each["trial_seconds"] for each in measured),
        "best_val_accuracy": max(accuracy for each in measured for accuracy in each["val_accuracy"]),
    }


def our_program(
    trials: list[dict[str, Any]], overrides: list[str], num_threads: int, result: Path, taken: Path
) -> list[str]:
    """Returns the command of `benchmarks.our_heads`; without trials it writes the features as the peer takes them.

    Args:
        taken: folder in which processes mark the trials they have taken.
    """
    options = ["--trials", json.dumps(trials), "--num-threads", str(num_threads), "--result", str(result)]
    return [sys.executable, "-m", "benchmarks.our_heads", *options, "--taken", str(taken), *overrides]


def run_plain(trials: list[dict[str, Any]], features: Path, arguments: Namespace, work: Path) -> Measures:
    """Tries the heads one after the other with plain Keras."""
    result = Path(mkdtemp(prefix="run_", dir=work)) / "result.json"
    options = {"epochs": arguments.epochs, "batch-size": arguments.batch_size, "features": features, "result": result}
    flags = as_flags(options)
    command = [sys.executable, "-m", "benchmarks.peers.plain_heads", "--trials", json.dumps(trials), *flags]
    run = run_program(command, work)
    measured = json.loads(result.read_text())
    return {
        "wall_seconds": run.wall_seconds,
        "peak_memory_mib": run.peak_memory_mib,
        "trial_seconds": measured["trial_seconds"],
        "best_val_accuracy": max(measured["val_accuracy"]),
    }


def summarise(runs: list[Measures], settings: dict[str, Any]) -> Summary:
    """Returns the rows of the table."""

    def a_minute(seconds: str) -> tuple[list[float], list[float]]:
        ours, peer = (
            values_of(runs, side, lambda run: 60 * settings["trials"] / run[seconds]) for side in ("ours", "plain")
        )
        return ours, peer

    rows = [
        compare(f"heads of {settings['epochs']} epochs a minute", "trials/min", *a_minute("trial_seconds"), "higher"),
        compare("the same, with the start of the processes", "trials/min", *a_minute("wall_seconds"), "higher"),
        compare(
            "best val accuracy of all trials",
            "%",
            *(values_of(runs, side, lambda run: 100 * run["best_val_accuracy"]) for side in ("ours", "plain")),
            "higher",
            by="difference",
        ),
    ]
    if rows[0]["ours"]:
        rows[0] |= {"limit": MARK, "reached": rows[0]["ours"]["median"] >= MARK}
    return rows


if __name__ == "__main__":
    main()
