"""A frozen phase of InceptionV3 on FER-2013, beside the plain Keras script, which runs the backbone in every epoch.

python -m benchmarks.frozen_phase --data fer2013.zip --weights inceptionv3.weights.h5 --plain-epochs 3

Ours runs twice each time: with an empty cache, images packed and features computed, and again with the cache filled.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.arguments import add_training_arguments, benchmark_parser, positive, settings_of, work_folder
from benchmarks.fer2013_folder import extract
from benchmarks.measuring import Measures, ResultFile, Summary, measure_in_turns
from benchmarks.processes import as_flags
from benchmarks.summaries import Row, compare, extrapolate, report, values_of
from benchmarks.training_runs import (
    data_overrides,
    frozen_overrides,
    network_overrides,
    plain_keras_command,
    run_ours,
    run_peer,
)

MARK = 8.0


def build_parser() -> ArgumentParser:
    parser = benchmark_parser("frozen_phase", __doc__)
    add_training_arguments(parser, epochs=10, num_images=None)
    parser.add_argument(
        "--backbone", default="inceptionv3", choices=("inceptionv3", "resnet50", "vgg16", "mobilenetv2")
    )
    text = "epochs that each plain run takes; the time of all of them is then computed from these, two or more"
    parser.add_argument("--plain-epochs", type=positive, help=text)
    parser.add_argument(
        "--full-plain-runs", type=int, default=0, help="further plain runs with all epochs (%(default)s)"
    )
    return parser


def main() -> None:
    arguments = build_parser().parse_args()
    plain_epochs = arguments.plain_epochs or arguments.epochs
    if plain_epochs < min(2, arguments.epochs):
        raise SystemExit("--plain-epochs: expected two or more, since the first epoch is not like the others.")
    settings = settings_of(arguments) | {"plain_epochs": plain_epochs}
    # How many full runs there are does not change what the others measure.
    settings.pop("full_plain_runs")
    results = ResultFile(arguments.output, "frozen_phase", settings, summarise)
    with work_folder(arguments) as work:
        folder = extract(arguments.data, work, arguments.num_images)
        data = folder if arguments.num_images else arguments.data
        sides = {
            "ours": lambda: run_twice(arguments, data, work),
            "plain": lambda: run_plain(arguments, folder, plain_epochs, work),
        }
        measure_in_turns(results, sides, arguments.repeats)
        full = {"plain_in_full": lambda: run_plain(arguments, folder, arguments.epochs, work)}
        measure_in_turns(results, full, arguments.full_plain_runs)


def run_twice(arguments: Namespace, data: Path, work: Path) -> Measures:
    """Runs ours with an empty cache and then with the one it has filled."""
    network = network_overrides(
        arguments.backbone, arguments.weights, arguments.image_size, arguments.batch_size
    ) + frozen_overrides(arguments.epochs)
    with TemporaryDirectory(prefix="cache_", dir=work) as cache:
        overrides = data_overrides(data, Path(cache)) + network
        return {"first": run_ours(overrides, work), "second": run_ours(overrides, work)}


def run_plain(arguments: Namespace, folder: Path, epochs: int, work: Path) -> Measures:
    """Runs the plain script."""
    options = {"epochs": epochs, "image-size": arguments.image_size, "batch-size": arguments.batch_size}
    flags = as_flags(options)
    return run_peer(plain_keras_command(folder, arguments.backbone, arguments.weights, *flags), work)


def summarise(runs: list[Measures], settings: dict[str, Any]) -> Summary:
    """Returns the rows of the table."""
    epochs, plain_epochs = settings["epochs"], settings["plain_epochs"]
    extrapolated = plain_epochs < epochs

    def plain_seconds(total: Callable[[Measures], float]) -> list[float]:
        return values_of(runs, "plain", lambda run: extrapolate(total(run), run["epoch_seconds"], epochs))

    def timed(what: str, run_of_ours: str, seconds: Callable[[Measures], float], mark: float | None = None) -> dict:
        ours = values_of(runs, "ours", lambda run: seconds(run[run_of_ours]))
        return compare(what, "s", ours, plain_seconds(seconds), "lower", mark, extrapolated)

    rows = [
        timed(f"training, {epochs} epochs, cache empty", "first", training_seconds, MARK),
        report(
            "of it outside the epochs: the pass that fills the cache", "s", values_of(runs, "ours", seconds_of_pass)
        ),
        timed(f"training, {epochs} epochs, cache filled", "second", training_seconds),
        timed("process start to end of last epoch, cache empty", "first", seconds_until_trained),
        timed("whole process, cache empty (ours: with evaluation, figures, MLflow)", "first", wall_seconds),
        compare(
            "peak memory of the process",
            "MiB",
            values_of(runs, "ours", lambda run: run["first"]["peak_memory_mib"]),
            values_of(runs, "plain", lambda run: run["peak_memory_mib"]),
            "lower",
        ),
    ]
    if extrapolated:
        rows.append(accuracy_row(f"val accuracy after {plain_epochs} epochs", runs, "plain", after(plain_epochs)))
    return rows + rows_of_full_runs(runs, epochs, "plain_in_full" if extrapolated else "plain")


def rows_of_full_runs(runs: list[Measures], epochs: int, side: str) -> Summary:
    """Returns the rows that only plain runs with all epochs can give: accuracy.

    Not their time: a full run beside the others takes no turns with ours, and the machine is not always equally fast.
    """
    return [
        accuracy_row("val accuracy, best epoch", runs, side, max, mark=0.0),
        accuracy_row("val accuracy, last epoch", runs, side, after(epochs)),
    ]


def accuracy_row(
    what: str, runs: list[Measures], side: str, choose: Callable[[list[float]], float], mark: float | None = None
) -> Row:
    """Returns the row of one of the epochs' accuracies, ours from the runs with an empty cache."""
    ours = values_of(runs, "ours", lambda run: 100 * choose(run["first"]["val_accuracy"]))
    peer = values_of(runs, side, lambda run: 100 * choose(run["val_accuracy"]))
    return compare(what, "%", ours, peer, "higher", mark, by="difference")


def after(epochs: int) -> Callable[[list[float]], float]:
    """Returns what takes the accuracy after so many epochs."""
    return lambda accuracies: accuracies[epochs - 1]


def training_seconds(run: Measures) -> float:
    return run["training_seconds"]


def wall_seconds(run: Measures) -> float:
    return run["wall_seconds"]


def seconds_until_trained(run: Measures) -> float:
    return run["epochs_ended_after"][-1]


def seconds_of_pass(run: Measures) -> float:
    return run["first"]["seconds_outside_epochs"]


if __name__ == "__main__":
    main()
