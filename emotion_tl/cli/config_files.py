"""Checks the files that a user writes: Hydra answers a mistake in their YAML with a traceback."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import MarkedYAMLError, YAMLError

from emotion_tl.cli.composition import config_folder
from emotion_tl.errors import ConfigurationError

# A group of conf/ and one or several of its options, as in study=quick or data=fer2013,synthetic_faces.
CHOICE = re.compile(r"\+?(?P<group>\w+(/\w+)*)=(?P<options>[\w-]+(,[\w-]+)*)")
CONFIG_DIR_OPTIONS = ("--config-dir", "-cd")
# What is taken from a folder without being chosen.
LOCAL = Path("local", "default.yaml")


def check_config_files(command: str, arguments: Sequence[str]) -> None:
    """Checks that the files which the arguments choose, and local ones, are YAML without a key that is there twice.

    Raises:
        ConfigurationError: naming the file and, where it is known, the line or the key.
    """
    folders = [config_folder(command), *further_folders(arguments)]
    for file in (*local_files(folders), *chosen_files(folders, arguments)):
        try:
            loaded = OmegaConf.load(file)
        except (YAMLError, UnicodeError, OmegaConfBaseException, OSError) as error:
            raise ConfigurationError(f"{file}{reason_of_file(error)}") from error
        if not isinstance(loaded, DictConfig):
            raise ConfigurationError(f"{file}: expected keys with their values. Received: a list")


def reason_of_file(error: Exception) -> str:
    """Returns where in a file something is wrong, what is expected there, and what came."""
    if isinstance(error, MarkedYAMLError):
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        return f"{line}: expected YAML. Received: {error.problem}"
    received = str(error).splitlines()[0]
    if isinstance(error, UnicodeError):
        return f": expected YAML in UTF-8. Save it in that encoding. Received: {received}"
    if isinstance(error, OmegaConfBaseException):
        return f": {error.full_key}: expected ${{key}}, or \\${{ where no key is meant. Received: {received}"
    if isinstance(error, OSError) and error.strerror is not None:
        return f": expected a file that this user may read. Received: {error.strerror}"
    return f": expected keys with their values. Received: {received}"


def local_files(folders: Sequence[Path]) -> Iterator[Path]:
    """Yields the files with settings of one machine."""
    return filter(Path.is_file, (folder / LOCAL for folder in folders))


def chosen_files(folders: Sequence[Path], arguments: Sequence[str]) -> Iterator[Path]:
    """Yields the files of the options that the arguments choose."""
    for choice in filter(None, map(CHOICE.fullmatch, arguments)):
        for option in choice["options"].split(","):
            files = [folder / choice["group"] / f"{option}.yaml" for folder in folders]
            yield from filter(Path.is_file, files)


def further_folders(arguments: Sequence[str]) -> list[Path]:
    """Returns the folders that the arguments add to conf/."""
    after = [Path(folder) for option, folder in pairwise(arguments) if option in CONFIG_DIR_OPTIONS]
    inside = [text.partition("=")[2] for text in arguments if text.startswith("--config-dir=")]
    return [*after, *map(Path, inside)]
