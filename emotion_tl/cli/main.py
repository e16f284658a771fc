"""Runs the command that was typed."""

import os
import sys
import tomllib
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

import hydra
from hydra.errors import HydraException

from emotion_tl.cli.arguments import check_keys, check_options, hydra_arguments, take_command
from emotion_tl.cli.commands import COMMANDS, EXIT_FAILED
from emotion_tl.cli.composition import config_folder
from emotion_tl.cli.config_files import check_config_files
from emotion_tl.cli.refusals import reason_of_refusal
from emotion_tl.cli.sweep import finish_sweep
from emotion_tl.console import print_error
from emotion_tl.errors import ConfigurationError, EmotionTLError
from emotion_tl.own_process import EXIT_INTERRUPTED
from emotion_tl.signals import end_on_signals
from emotion_tl.system_errors import system_errors_told

# Commands that, given again, go on where they were interrupted.
GO_ON = ("train", "study", "tune")
KEPT = "What was computed is kept, in the run's folder and, as killed, in MLflow. The same command goes on from there."


def main() -> None:
    """Runs `emotion-tl [COMMAND] [OVERRIDES]`; without a command, `train`."""
    try:
        command, arguments = take_command(sys.argv[1:], COMMANDS)
        check_keys(command, arguments)
        check_options(command, arguments)
        check_config_files(command, arguments)
    except ConfigurationError as error:
        print_error(str(error))
        sys.exit(EXIT_FAILED)
    if "--version" in arguments:
        print(f"emotion_tl {read_version()}")
        return
    sys.argv[1:] = hydra_arguments(command, arguments)
    # Hydra would print what is wrong with an override, and what it would do about that, by itself.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    end_on_signals()
    task = hydra.main(version_base="1.3", config_path=str(config_folder(command)), config_name=command)(
        COMMANDS[command]
    )
    run(task, command, arguments)


def run(task: Callable[[], None], command: str, arguments: Sequence[str]) -> None:
    """Runs what Hydra has made of a command, and sees to it that a sweep is told and closed, however it ends."""
    try:
        with system_errors_told():
            task()
        has_failed = finish_sweep()
    except (HydraException, EmotionTLError) as error:
        finish_sweep(interrupted=True)
        print_error(str(error) if isinstance(error, EmotionTLError) else reason_of_refusal(error, command, arguments))
        sys.exit(EXIT_FAILED)
    except (SystemExit, Exception):
        # The sweep could not go on, and why has been told or follows.
        finish_sweep(interrupted=True)
        raise
    except KeyboardInterrupt:
        finish_sweep(interrupted=True)
        print_error(f"Interrupted. {KEPT}" if command in GO_ON else "Interrupted.")
        sys.exit(EXIT_INTERRUPTED)
    if has_failed:
        sys.exit(EXIT_FAILED)


def read_version() -> str:
    """Returns the version of the package, also in a checkout that is not installed."""
    project = Path(__file__).parents[2] / "pyproject.toml"
    if project.is_file():
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    return metadata.version("emotion_tl")
