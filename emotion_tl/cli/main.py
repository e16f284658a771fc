"""Runs the command that was typed."""

import sys

import hydra
from hydra.errors import HydraException

from emotion_tl.cli.commands import COMMANDS, EXIT_FAILED
from emotion_tl.cli.composition import config_folder
from emotion_tl.cli.config_files import check_config_files
from emotion_tl.cli.sweep import finish_sweep
from emotion_tl.console import print_error
from emotion_tl.errors import ConfigurationError
from emotion_tl.own_process import EXIT_INTERRUPTED
from emotion_tl.signals import end_on_signals

# Options of Hydra of which it takes one alone.
OWN_MODES = {
    *("-m", "--multirun", "-r", "--run", "-c", "--cfg", "-i", "--info", "-h", "--help"),
    *("--hydra-help", "--version", "-sc", "--shell-completion"),
}

# Commands that, given again, go on where they were interrupted.
GO_ON = ("train", "study", "tune")
KEPT = "What was computed is kept, in the run's folder and, as killed, in MLflow. The same command goes on from there."


def hydra_arguments(command: str, arguments: list[str]) -> list[str]:
    """Returns the arguments of a command as Hydra takes them."""
    # Hydra would take the plus for a second experiment, as there is a place for one.
    arguments = [text.removeprefix("+") if text.startswith("+experiment=") else text for text in arguments]
    # A study has many jobs. hydra.mode in its file would do, but for the reasons Hydra then gives for a wrong override.
    is_many = command == "study" and not any(text.partition("=")[0] in OWN_MODES for text in arguments)
    return [*arguments, "--multirun"] if is_many else arguments


def main() -> None:
    """Runs `emotion-tl [COMMAND] [OVERRIDES]`; without a command, `train`."""
    arguments = sys.argv[1:]
    command = arguments.pop(0) if arguments and arguments[0] in COMMANDS else "train"
    if arguments and arguments[0].isidentifier():
        print_error(f"Expected a command, one of {', '.join(COMMANDS)}, or key=value. Received: {arguments[0]}")
        sys.exit(EXIT_FAILED)
    try:
        check_config_files(command, arguments)
    except ConfigurationError as error:
        print_error(str(error))
        sys.exit(EXIT_FAILED)
    sys.argv[1:] = hydra_arguments(command, arguments)
    end_on_signals()
    task = hydra.main(version_base="1.3", config_path=str(config_folder(command)), config_name=command)(
        COMMANDS[command]
    )
    try:
        task()
    except HydraException as error:
        # Hydra tells of a wrong override itself, except while it prints the help.
        print_error(str(error.__cause__ or error))
        sys.exit(EXIT_FAILED)
    except SystemExit:
        # Hydra has told why the sweep could not go on.
        finish_sweep(interrupted=True)
        raise
    except KeyboardInterrupt:
        finish_sweep(interrupted=True)
        print_error(f"Interrupted. {KEPT}" if command in GO_ON else "Interrupted.")
        sys.exit(EXIT_INTERRUPTED)
    if finish_sweep():
        sys.exit(EXIT_FAILED)
