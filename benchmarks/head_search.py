"""A search over heads on a frozen InceptionV3, beside KerasTuner alone, which computes the frozen part in every epoch.

python -m benchmarks.head_search --data fer2013.zip --weights inceptionv3.weights.h5

The peer searches on a part of the images, and its time is multiplied by what is missing: its trials go through the
whole network for each image, so that they take twice as long on twice as many.
"""

import re
from argparse import ArgumentParser, Namespace
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

from benchmarks.arguments import add_training_arguments, benchmark_parser, positive, settings_of, work_folder
from benchmarks.fer2013_folder import count_images, extract
from benchmarks.measuring import Measures, ResultFile, Summary, measure_in_turns
from benchmarks.processes import as_flags, run_program
from benchmarks.summaries import compare, values_of
from benchmarks.training_runs import data_overrides, frozen_overrides, network_overrides, our_command, run_peer

MARK = 60.0
TRIAL_LINE = re.compile(r"trial \d+: ")


def build_parser() -> ArgumentParser:
    parser = benchmark_parser("head_search", __doc__)
    add_training_arguments(parser, epochs=5, num_images=None)
    parser.set_defaults(batch_size=256)
    parser.add_argument("--backbone", default="inceptionv3", help="(%(default)s)")
    text = "block whose output the heads get; small faces transfer better from the middle (%(default)s)"
    parser.add_argument("--output-block", default="mixed4", help=text)
    parser.add_argument("--trials", type=positive, default=60, help="of ours (%(default)s)")
    parser.add_argument("--workers", type=positive, default=2, help="of ours (%(default)s)")
    parser.add_argument("--peer-trials", type=positive, default=2, help="(%(default)s)")
    parser.add_argument("--peer-images", type=positive, default=1000, help="training images of the peer (%(default)s)")
    return parser


def main() -> None:
    parser = build_parser()
    arguments = parser.parse_args()
    if find_spec("tensorboard") is None:
        parser.error("KerasTuner's own tuner, the peer, needs TensorBoard: pip install tensorboard")
    batch_size = arguments.batch_size
    results = ResultFile(arguments.output, "head_search", settings_of(arguments), summarise)
    with work_folder(arguments) as work, TemporaryDirectory(prefix="cache_", dir=work) as cache:
        folder = extract(arguments.data, work, arguments.num_images)
        part = extract(arguments.data, work, arguments.peer_images)
        overrides = [
            *data_overrides(folder, Path(cache)),
            *without_head(network_overrides(arguments.backbone, arguments.weights, arguments.image_size, batch_size)),
            *frozen_overrides(arguments.epochs),
            f"backbone.output_block={arguments.output_block}",
        ]
        # Fills the cache, which is not what is measured here.
        run_program(our_command(overrides, work), work)
        sides = {
            "ours": lambda: run_ours(overrides, arguments, work),
            "plain": lambda: run_plain(part, count_images(folder, "train"), arguments, work),
        }
        measure_in_turns(results, sides, arguments.repeats)


def without_head(overrides: list[str]) -> list[str]:
    """Returns the settings without those of the head, which are searched."""
    return [text for text in overrides if not text.startswith("head.")]


def run_ours(overrides: list[str], arguments: Namespace, work: Path) -> Measures:
    """Runs `python -m emotion_tl tune` in a new folder."""
    folder = Path(mkdtemp(prefix="run_", dir=work))
    command = our_command(overrides, folder)
    position = command.index("emotion_tl") + 1
    search = [
        *("tune", "tuner=random", "tuner/space=head", f"tuner.max_trials={arguments.trials}"),
        *(f"tune.num_workers={arguments.workers}", f"tune.output_dir={folder}"),
    ]
    run = run_program([*command[:position], *search, *command[position:]], folder)
    ended = [seconds for seconds, line in run.lines if TRIAL_LINE.match(line)]
    return {
        **run.measures(),
        "trials": len(ended),
        # From the end of the first trial on, which waits for the features to be read and the steps to be compiled.
        "trials_per_minute": 60 * (len(ended) - 1) / (ended[-1] - ended[0]),
        "trials_per_minute_in_all": 60 * len(ended) / run.wall_seconds,
    }


def run_plain(part: Path, num_images: int, arguments: Namespace, work: Path) -> Measures:
    """Runs KerasTuner on a part of the images, and multiplies its time by what is missing."""
    options = {
        "data": part,
        "backbone": arguments.backbone,
        "output-block": arguments.output_block,
        "weights": arguments.weights or "none",
        "image-size": arguments.image_size,
        "batch-size": arguments.batch_size,
        "epochs": arguments.epochs,
        "trials": arguments.peer_trials,
    }
    command = ["-m", "benchmarks.peers.keras_tuner_search", *as_flags(options)]
    measured = run_peer([our_command([], work)[0], *command], work)
    seconds = measured["search_seconds"] / arguments.peer_trials * num_images / count_images(part, "train")
    return {**measured, "trials_per_minute": 60 / seconds, "trials_per_minute_in_all": 60 / seconds}


def summarise(runs: list[Measures], settings: dict[str, Any]) -> Summary:
    """Returns the rows of the table."""

    def measured(name: str) -> tuple[list[float], list[float]]:
        return values_of(runs, "ours", lambda run: run[name]), values_of(runs, "plain", lambda run: run[name])

    what = f"trials of {settings['epochs']} epochs a minute, {settings['workers']} workers"
    rows = [
        compare(what, "trials/min", *measured("trials_per_minute"), "higher", extrapolated=True),
        compare(
            f"the same, with the start of the search, {settings['trials']} trials",
            "trials/min",
            *measured("trials_per_minute_in_all"),
            "higher",
            extrapolated=True,
        ),
    ]
    if rows[0]["ours"]:
        rows[0] |= {"limit": MARK, "reached": rows[0]["ours"]["median"] >= MARK}
    return rows


if __name__ == "__main__":
    main()
