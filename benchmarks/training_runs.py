"""Runs one training, ours through the command line or a peer's, and reads what it measured.

Both give the same measures: `training_seconds` (ours with the pass that fills the cache), a list with a number an epoch
of `epoch_seconds` (with validation), `images_per_second` (without it), `val_accuracy` and `epochs_ended_after` (seconds
from the start of the process), and time and memory of the process.
"""

import csv
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

from benchmarks.measuring import Measures
from benchmarks.processes import ProgramRun, run_program

EPOCH_LINE = re.compile(r"epoch +\d+/\d+\b")
# The head of the table of epochs, which stands there when `fit` begins.
TABLE_HEAD = re.compile(r"\w+ +loss +accuracy")


def run_ours(overrides: Sequence[str], work: Path, tracking: Path | None = None) -> Measures:
    """Runs `python -m emotion_tl` with these overrides in a new folder below `work`."""
    folder = Path(mkdtemp(prefix="run_", dir=work))
    return read_ours(run_program(our_command(overrides, folder, tracking), folder), folder)


def our_command(overrides: Sequence[str], folder: Path, tracking: Path | None = None) -> list[str]:
    """Returns the command that leaves a run in `folder`.

    Args:
        tracking: folder of the MLflow database; `folder` by default, where MLflow creates it first.
    """
    kept_in_folder = [
        f"tracking.uri={quoted(f'sqlite:///{tracking or folder}/mlflow.db')}",
        f"hydra.run.dir={quoted(folder / 'run')}",
    ]
    return [sys.executable, "-m", "emotion_tl", *overrides, *kept_in_folder]


def read_ours(run: ProgramRun, folder: Path) -> Measures:
    """Returns the measures of a finished run of ours."""
    with (folder / "run" / "history.csv").open(newline="") as file:
        epochs = list(csv.DictReader(file))
    training_seconds = json.loads((folder / "run" / "metrics.json").read_text())["training_seconds"]
    epoch_seconds = [float(epoch["seconds"]) for epoch in epochs]
    return {
        **run.measures(),
        "training_seconds": training_seconds,
        "seconds_outside_epochs": training_seconds - sum(epoch_seconds),
        "epoch_seconds": epoch_seconds,
        "images_per_second": [float(epoch["images_per_second"]) for epoch in epochs],
        "val_accuracy": [float(epoch["val_accuracy"]) for epoch in epochs],
        "training_began_after": next(seconds for seconds, line in run.lines if TABLE_HEAD.match(line)),
        "epochs_ended_after": epochs_ended_after(run),
    }


def run_peer(command: Sequence[str], work: Path) -> Measures:
    """Runs a peer, which writes its measures as JSON to the path that stands behind `--result`."""
    folder = Path(mkdtemp(prefix="run_", dir=work))
    result = folder / "result.json"
    run = run_program([*command, "--result", str(result)], folder)
    return {**run.measures(), **json.loads(result.read_text()), "epochs_ended_after": epochs_ended_after(run)}


def epochs_ended_after(run: ProgramRun) -> list[float]:
    """Returns when each epoch's line came, in seconds since the process was started."""
    return [seconds for seconds, line in run.lines if EPOCH_LINE.match(line)]


def quoted(value: str | Path) -> str:
    """Returns a value as Hydra takes it whatever characters it has."""
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def data_overrides(data: Path, cache_dir: Path) -> list[str]:
    """Returns the settings that name FER-2013, an archive or a folder, and the folder of all caches."""
    return ["data=fer2013", f"data.path={quoted(data)}", f"cache_dir={quoted(cache_dir)}"]


def network_overrides(backbone: str, weights: Path | None, image_size: int, batch_size: int) -> list[str]:
    """Returns the settings of a backbone with a linear head on raw images, cached as they are."""
    return [
        f"backbone={backbone}",
        f"backbone.weights={quoted(weights) if weights else 'null'}",
        f"backbone.image_size={image_size}",
        "head=linear",
        "head.dropout=0",
        "augmentation=none",
        f"trainer.batch_size={batch_size}",
        "trainer.cache=auto",
        "trainer.cache_views=1",
    ]


def frozen_overrides(epochs: int) -> list[str]:
    """Returns the settings of a frozen phase that runs all its epochs."""
    return [
        "schedule=frozen_only",
        f"schedule.phases.frozen.epochs={epochs}",
        "schedule.phases.frozen.early_stopping_patience=null",
    ]


def plain_keras_command(data: Path, backbone: str, weights: Path | None, *options: str) -> list[str]:
    """Returns the command of the plain Keras script, without where it leaves its result."""
    return [
        *(sys.executable, "-m", "benchmarks.peers.plain_keras"),
        *("--data", str(data), "--backbone", backbone, "--weights", str(weights) if weights else "none"),
        *options,
    ]
