"""Fine-tuning all of InceptionV3, where nothing can be cached, beside the plain Keras script.

python -m benchmarks.full_finetuning --data fer2013.zip --weights none
"""

from argparse import ArgumentParser
from functools import partial
from typing import Any

from benchmarks.arguments import add_training_arguments, benchmark_parser, settings_of, work_folder
from benchmarks.fer2013_folder import extract
from benchmarks.fine_tuning import Unfrozen, check_epochs, run_our_side, run_peer_side, side_names, summarise_one
from benchmarks.measuring import Measures, ResultFile, Summary, measure_in_turns

MARK = 1.0
CASES = {
    case.backbone: case
    for case in (
        Unfrozen("inceptionv3", "all of InceptionV3", None, "all"),
        Unfrozen("resnet50", "all of ResNet50", None, "all"),
        Unfrozen("vgg16", "all of VGG16", None, "all"),
    )
}


def build_parser() -> ArgumentParser:
    parser = benchmark_parser("full_finetuning", __doc__)
    add_training_arguments(parser, epochs=3, num_images=1000)
    parser.add_argument("--backbone", choices=CASES, default="inceptionv3", help="(%(default)s)")
    return parser


def main() -> None:
    arguments = build_parser().parse_args()
    check_epochs(arguments)
    case = CASES[arguments.backbone]
    ours, peer = side_names(case)
    results = ResultFile(arguments.output, "full_finetuning", settings_of(arguments), summarise)
    with work_folder(arguments) as work:
        folder = extract(arguments.data, work, arguments.num_images)
        sides = {
            ours: partial(run_our_side, case, arguments, folder, work),
            peer: partial(run_peer_side, case, arguments, folder, work),
        }
        measure_in_turns(results, sides, arguments.repeats)


def summarise(runs: list[Measures], settings: dict[str, Any]) -> Summary:
    """Returns the rows of the table."""
    return summarise_one(runs, CASES[settings["backbone"]], MARK)


if __name__ == "__main__":
    main()
