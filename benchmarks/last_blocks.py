"""Fine-tuning the last blocks of three backbones, beside the plain Keras script, which runs the whole network.

python -m benchmarks.last_blocks --data fer2013.zip --weights none

Random weights do: they change no speed.
"""

from argparse import ArgumentParser
from functools import partial
from typing import Any

from benchmarks.arguments import add_training_arguments, benchmark_parser, settings_of, work_folder
from benchmarks.fer2013_folder import extract
from benchmarks.fine_tuning import (
    Unfrozen,
    check_epochs,
    run_our_side,
    run_peer_side,
    side_names,
    summarise_one,
    summarise_whole_run,
)
from benchmarks.measuring import Measures, ResultFile, Summary, measure_in_turns

MARK = 2.5
CASES = {
    case.backbone: case
    for case in (
        Unfrozen("inceptionv3", "InceptionV3 above mixed7", 3, "mixed7"),
        Unfrozen("resnet50", "ResNet50 conv5", 3, "conv4_block6_out"),
        Unfrozen("vgg16", "VGG16 block5", 1, "block4_pool"),
    )
}


def build_parser() -> ArgumentParser:
    parser = benchmark_parser("last_blocks", __doc__)
    add_training_arguments(parser, epochs=3, num_images=2000)
    parser.add_argument("--backbones", nargs="+", choices=CASES, default=list(CASES), help="(%(default)s)")
    return parser


def main() -> None:
    arguments = build_parser().parse_args()
    check_epochs(arguments)
    if arguments.weights is not None and len(arguments.backbones) > 1:
        raise SystemExit("--weights: a file fits one backbone. Name it with --backbones, or give --weights none.")
    results = ResultFile(arguments.output, "last_blocks", settings_of(arguments), summarise)
    with work_folder(arguments) as work:
        folder = extract(arguments.data, work, arguments.num_images)
        sides = {}
        for backbone in arguments.backbones:
            ours, peer = side_names(CASES[backbone])
            sides[ours] = partial(run_our_side, CASES[backbone], arguments, folder, work)
            sides[peer] = partial(run_peer_side, CASES[backbone], arguments, folder, work)
        measure_in_turns(results, sides, arguments.repeats)


def summarise(runs: list[Measures], settings: dict[str, Any]) -> Summary:
    """Returns the rows of the table."""
    cases = [CASES[backbone] for backbone in settings["backbones"]]
    speeds = [row for case in cases for row in summarise_one(runs, case, MARK)]
    return speeds + [row for case in cases for row in summarise_whole_run(runs, case, settings["epochs"])]


if __name__ == "__main__":
    main()
