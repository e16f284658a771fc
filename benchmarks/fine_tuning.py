"""Images per second while blocks of a backbone are fine-tuned: shared by `last_blocks` and `full_finetuning`."""

import math
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring import Measures, Summary
from benchmarks.processes import as_flags
from benchmarks.summaries import Row, compare, epochs_to_break_even, report, runs_of, steady_rate, values_of
from benchmarks.training_runs import data_overrides, network_overrides, plain_keras_command, run_ours, run_peer

LEARNING_RATE = 1e-5


@dataclass(frozen=True)
class Unfrozen:
    """How both sides are told which part of a backbone learns.

    Attributes:
        backbone: its name on both sides.
        what: in words.
        trainable_blocks: ours; None is everything.
        trainable_from: the peer's last frozen layer, or "all".
    """

    backbone: str
    what: str
    trainable_blocks: int | None
    trainable_from: str


def run_our_side(unfrozen: Unfrozen, arguments: Namespace, folder: Path, work: Path) -> Measures:
    """Fine-tunes with ours, from an empty cache; BatchNormalization keeps its statistics, as in the peer."""
    phase = "schedule.phases.unfrozen"
    trainable_blocks = "null" if unfrozen.trainable_blocks is None else unfrozen.trainable_blocks
    with TemporaryDirectory(prefix="cache_", dir=work) as cache:
        overrides = [
            *data_overrides(folder, Path(cache)),
            *network_overrides(unfrozen.backbone, arguments.weights, arguments.image_size, arguments.batch_size),
            "schedule=full",
            f"{phase}.trainable_blocks={trainable_blocks}",
            f"{phase}.train_batch_norm=false",
            f"{phase}.learning_rate={LEARNING_RATE}",
            f"{phase}.learning_rate_schedule=constant",
            f"{phase}.epochs={arguments.epochs}",
            f"{phase}.early_stopping_patience=null",
        ]
        return run_ours(overrides, work)


def run_peer_side(unfrozen: Unfrozen, arguments: Namespace, folder: Path, work: Path) -> Measures:
    """Fine-tunes with the plain Keras script."""
    options = {
        "trainable-from": unfrozen.trainable_from,
        "learning-rate": LEARNING_RATE,
        "epochs": arguments.epochs,
        "image-size": arguments.image_size,
        "batch-size": arguments.batch_size,
    }
    flags = as_flags(options)
    return run_peer(plain_keras_command(folder, unfrozen.backbone, arguments.weights, *flags), work)


def side_names(unfrozen: Unfrozen) -> tuple[str, str]:
    """Returns what the two sides are called in a result."""
    return f"{unfrozen.backbone} ours", f"{unfrozen.backbone} plain"


def summarise_one(runs: list[Measures], unfrozen: Unfrozen, mark: float) -> Summary:
    """Returns the rows of one backbone: speed once it runs."""
    ours, peer = (values_of(runs, side, steady_rate) for side in side_names(unfrozen))
    return [compare(f"{unfrozen.what}, after the first epoch", "images/s", ours, peer, "higher", mark)]


def summarise_whole_run(runs: list[Measures], unfrozen: Unfrozen, epochs: int) -> Summary:
    """Returns what the pass that fills the cache makes of the speed: the time in all, and when it has paid."""
    our_runs, peer_runs = (runs_of(runs, side) for side in side_names(unfrozen))
    ours, peer = ([run["training_seconds"] for run in side] for side in (our_runs, peer_runs))
    break_even = [float(epochs_to_break_even(*pair)) for pair in zip(our_runs, peer_runs, strict=False)]
    return [
        compare(f"{unfrozen.what}, {epochs} epochs, cache empty", "s", ours, peer, "lower"),
        break_even_row(f"{unfrozen.what}, faster in total from epoch", break_even),
    ]


def break_even_row(what: str, epochs: list[float]) -> Row:
    """Returns the row of `epochs_to_break_even`; JSON knows no infinity."""
    if math.inf in epochs:
        return report(what, "", []) | {"instead": "never"}
    return report(what, "", epochs)


def check_epochs(arguments: Namespace) -> None:
    """Ends the program where there is no epoch after the first."""
    if arguments.epochs < 2:
        raise SystemExit("--epochs: expected two or more, since the first epoch compiles and is left out.")
