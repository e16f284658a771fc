"""Training images per second on a GPU at 224 px in bfloat16: ours with the JAX backend, beside PyTorch.

python -m benchmarks.gpu_throughput --data fer2013.zip --peer-python /path/to/environment/bin/python

Everything is unfrozen, weights are random. Without an NVIDIA GPU it says so and ends.
"""

import sys
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.arguments import add_training_arguments, benchmark_parser, settings_of, work_folder
from benchmarks.fer2013_folder import extract
from benchmarks.fine_tuning import check_epochs
from benchmarks.machine import gpu
from benchmarks.measuring import Measures, ResultFile, Summary, measure_in_turns
from benchmarks.processes import as_flags
from benchmarks.summaries import compare, report, runs_of, steady_rate
from benchmarks.training_runs import data_overrides, network_overrides, run_ours, run_peer

BACKBONES = ("vgg16", "vgg19", "resnet50", "inceptionv3")
MARK = 1.0


def build_parser() -> ArgumentParser:
    parser = benchmark_parser("gpu_throughput", __doc__, weights=False)
    add_training_arguments(parser, epochs=3, num_images=None)
    parser.set_defaults(image_size=224, batch_size=256)
    parser.add_argument("--backbones", nargs="+", choices=BACKBONES, default=list(BACKBONES), help="(%(default)s)")
    text = "interpreter with PyTorch and torchvision for CUDA (this one)"
    parser.add_argument("--peer-python", default=sys.executable, help=text)
    text = "the GPU's peak in dense bfloat16, TFLOP/s, from its data sheet; for the share of it that is used"
    parser.add_argument("--peak-tflops", type=float, help=text)
    return parser


def main() -> None:
    arguments = build_parser().parse_args()
    check_epochs(arguments)
    if gpu() is None:
        print("Skipped: nvidia-smi finds no GPU on this machine.")
        return
    settings = settings_of(arguments)
    settings.pop("peer_python")
    results = ResultFile(arguments.output, "gpu_throughput", settings, summarise)
    with work_folder(arguments) as work:
        folder = extract(arguments.data, work, arguments.num_images)
        sides = {}
        for backbone in arguments.backbones:
            sides[f"{backbone} ours"] = partial(run_our_side, backbone, arguments, folder, work)
            sides[f"{backbone} pytorch"] = partial(run_pytorch, backbone, arguments, folder, work)
        measure_in_turns(results, sides, arguments.repeats)


def run_our_side(backbone: str, arguments: Namespace, folder: Path, work: Path) -> Measures:
    """Trains with ours on the GPU."""
    phase = "schedule.phases.unfrozen"
    with TemporaryDirectory(prefix="cache_", dir=work) as cache:
        overrides = [
            *data_overrides(folder, Path(cache)),
            *network_overrides(backbone, None, arguments.image_size, arguments.batch_size),
            *("trainer.backend=jax", "trainer.precision=mixed_bfloat16", "trainer.require_gpu=true"),
            *("schedule=full", f"{phase}.learning_rate_schedule=constant", f"{phase}.learning_rate=1e-5"),
            *(f"{phase}.epochs={arguments.epochs}", f"{phase}.early_stopping_patience=null"),
        ]
        return run_ours(overrides, work)


def run_pytorch(backbone: str, arguments: Namespace, folder: Path, work: Path) -> Measures:
    """Trains with PyTorch on the GPU."""
    command = [arguments.peer_python, "-m", "benchmarks.peers.torch_training", "--backbone", backbone]
    options = {"data": folder, "epochs": arguments.epochs}
    options |= {"image-size": arguments.image_size, "batch-size": arguments.batch_size}
    return run_peer([*command, *as_flags(options)], work)


def summarise(runs: list[Measures], settings: dict[str, Any]) -> Summary:
    """Returns the rows of the table."""
    rows = []
    for backbone in settings["backbones"]:
        our_runs, peer_runs = runs_of(runs, f"{backbone} ours"), runs_of(runs, f"{backbone} pytorch")
        ours, peer = ([steady_rate(run) for run in side] for side in (our_runs, peer_runs))
        rows.append(compare(f"{backbone}, all unfrozen", "images/s", ours, peer, "higher", MARK))
        if settings["peak_tflops"] and peer_runs:
            percent = 100 * peer_runs[0]["flops_per_image"] / (1e12 * settings["peak_tflops"])
            shares = [rate * percent for rate in ours]
            rows.append(report(f"{backbone}, share of the GPU's peak", "%", shares, "higher"))
    return rows


if __name__ == "__main__":
    main()
