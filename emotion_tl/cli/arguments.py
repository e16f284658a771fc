"""Reads what was typed after `python -m emotion_tl`: the command, and its arguments as Hydra takes them."""

import shlex
from collections.abc import Collection, Iterator, Sequence

from emotion_tl.errors import ConfigurationError
from emotion_tl.override_text import key_of

DEFAULT = "train"
# Options of Hydra of which it takes one alone.
HELP = {"-h", "--help", "--hydra-help"}
RUN = {"-r", "--run"}
OWN_MODES = HELP | RUN | {"-m", "--multirun", "-c", "--cfg", "-i", "--info", "-sc", "--shell-completion"}
# Options of Hydra that are followed by a value.
WITH_VALUE = {
    *("-c", "--cfg", "-p", "--package", "-cp", "--config-path", "-cn", "--config-name", "-cd", "--config-dir"),
    "--experimental-rerun",
}
# This one may be.
INFO = ("-i", "--info")
# Settings that one command alone has.
COMMAND_OF = {"study": "study", "tune": "tune", "tuner": "tune"}


def take_command(arguments: Sequence[str], commands: Collection[str]) -> tuple[str, list[str]]:
    """Returns the command, `train` where none is typed, and what follows it.

    Raises:
        ConfigurationError: where the first word is no command.
    """
    first, *others = arguments or ("",)
    if first.replace("-", "_") in commands:
        return first.replace("-", "_"), others
    if first.replace("-", "_").isidentifier() and not first.startswith("-"):
        raise ConfigurationError(
            f"Expected a command, one of {', '.join(commands)}, or key=value; --help tells of them. Received: {first}"
        )
    return DEFAULT, list(arguments)


def check_keys(command: str, arguments: Sequence[str]) -> None:
    """Checks that the arguments set nothing that only another command has.

    Raises:
        ConfigurationError: with the command line that is meant.
    """
    for text in arguments:
        key = key_of(text)
        other = COMMAND_OF.get(key.replace("/", ".").partition(".")[0])
        if "=" in text and other is not None and other != command:
            rest = [argument.removeprefix("+") if argument is text else argument for argument in arguments]
            raise ConfigurationError(
                f"{key}: expected a setting of {command}. This one belongs to another command: "
                f"python -m emotion_tl {shlex.join([other, *rest])}"
            )


def check_options(command: str, arguments: Sequence[str]) -> None:
    """Checks that no two options say what is to be done, and none that a study is one run.

    Raises:
        ConfigurationError: where they do.
    """
    modes = [text for _, text in options_of(arguments) if text.partition("=")[0] in OWN_MODES - HELP]
    if len(modes) > 1 and not HELP & set(arguments):
        raise ConfigurationError(f"Expected one of the options {', '.join(modes)}. Received: all of them")
    if command == "study" and (one_run := RUN & set(modes)):
        raise ConfigurationError(
            f"study: expected no option {', '.join(one_run)}, which asks for one run: a study has many. Without it "
            "they are run; study.dry_run=true shows them."
        )


def hydra_arguments(command: str, arguments: Sequence[str]) -> list[str]:
    """Returns the arguments of a command as Hydra takes them: the overrides first, the options after them."""
    options = list(options_of(arguments))
    places = {place for place, _ in options}
    # Hydra would take the plus for a second experiment, as there is a place for one.
    overrides = [
        text.removeprefix("+") if text.startswith("+experiment=") else text
        for place, text in enumerate(arguments)
        if place not in places
    ]
    # A study has many jobs. hydra.mode in its file would do, but for the reasons Hydra then gives for a wrong override.
    is_many = command == "study" and not any(text.partition("=")[0] in OWN_MODES for _, text in options)
    return [*overrides, *(text for _, text in options), *(["--multirun"] if is_many else [])]


def options_of(arguments: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yields the options among the arguments, and their values, each with its place."""
    before = ""
    for place, text in enumerate(arguments):
        if text.startswith("-") or before in WITH_VALUE or (before in INFO and "=" not in text):
            yield place, text
        before = text
