"""What the programs have in common on the command line."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.processes import REPOSITORY, end_on_sigterm

RESULTS = REPOSITORY / "benchmarks" / "results"


def benchmark_parser(name: str, description: str | None, weights: bool = True) -> ArgumentParser:
    """Returns a parser of what every benchmark takes.

    Args:
        weights: whether the benchmark takes weights of its network.
    """
    parser = ArgumentParser(f"python -m benchmarks.{name}", None, description, None, [], RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=existing_file, required=True, help="zip archive of FER-2013 (msambare/fer2013)")
    if weights:
        text = "weights file of the backbone for both sides, or none for random weights"
        parser.add_argument("--weights", type=weights_file, required=True, help=text)
    parser.add_argument("--repeats", type=positive, default=3, help="runs of each side (%(default)s)")
    parser.add_argument("--output", type=Path, default=RESULTS / f"{name}.json", help="result file, added to")
    parser.add_argument("--work-dir", type=Path, help="folder for everything temporary; a fresh one otherwise")
    return parser


def add_training_arguments(parser: ArgumentParser, epochs: int, num_images: int | None) -> None:
    """Adds what the benchmarks that train take."""
    parser.add_argument("--epochs", type=positive, default=epochs, help="(%(default)s)")
    text = "training images, and in proportion for val and test; 0 is all of them (%(default)s)"
    parser.add_argument("--num-images", type=int, default=num_images or 0, help=text)
    parser.add_argument("--image-size", type=positive, default=96, help="side the network sees (%(default)s)")
    parser.add_argument("--batch-size", type=positive, default=64, help="(%(default)s)")


def existing_file(text: str) -> Path:
    """Returns an absolute path of a file that is there."""
    path = Path(text).expanduser().absolute()
    if not path.is_file():
        raise ArgumentTypeError(f"expected a file. Received: {text}")
    return path


def weights_file(text: str) -> Path | None:
    """Returns the path of a weights file, or None for the word "none"."""
    return None if text == "none" else existing_file(text)


def positive(text: str) -> int:
    """Returns a whole number above 0."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"expected a whole number above 0. Received: {text}")
    return int(text)


def settings_of(arguments: Namespace) -> dict[str, object]:
    """Returns what the results depend on: the arguments without those that are only about where and how often.

    Files are named without their folders: results are shared, paths are not.
    """
    settings: dict[str, object] = {}
    for name, value in vars(arguments).items():
        if name not in ("data", "repeats", "output", "work_dir", "environment"):
            settings[name] = value.name if isinstance(value, Path) else value
    if settings.get("num_images") == 0:
        settings["num_images"] = "all"
    return settings


@contextmanager
def work_folder(arguments: Namespace) -> Iterator[Path]:
    """Gives the folder for what is temporary, emptied of nothing where the user named it, deleted otherwise."""
    end_on_sigterm()
    if arguments.work_dir is not None:
        arguments.work_dir.mkdir(parents=True, exist_ok=True)
        yield arguments.work_dir.absolute()
        return
    with TemporaryDirectory(prefix="emotion_tl_benchmark_") as folder:
        yield Path(folder)
