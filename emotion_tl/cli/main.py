"""Runs the command that was typed."""

import sys

import hydra
from hydra.errors import HydraException

from emotion_tl.cli.commands import COMMANDS, EXIT_FAILED
from emotion_tl.cli.composition import config_folder
from emotion_tl.cli.sweep import finish_sweep
from emotion_tl.console import print_error
from emotion_tl.own_process import EXIT_INTERRUPTED
from emotion_tl.signals import end_on_signals


def main() -> None:
    """Runs `emotion-tl [COMMAND] [OVERRIDES]`; without a command, `train`."""
    arguments = sys.argv[1:]
    command = arguments.pop(0) if arguments and arguments[0] in COMMANDS else "train"
    if arguments and arguments[0].isidentifier():
        print_error(f"Expected a command, one of {', '.join(COMMANDS)}, or key=value. Received: {arguments[0]}")
        sys.exit(EXIT_FAILED)
    # Hydra would take the plus for a second experiment, as there is a place for one.
    sys.argv[1:] = [text.removeprefix("+") if text.startswith("+experiment=") else text for text in arguments]
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
        print_error("Interrupted. What was computed until then is in the run's folder and, as killed, in MLflow.")
        sys.exit(EXIT_INTERRUPTED)
    if finish_sweep():
        sys.exit(EXIT_FAILED)
