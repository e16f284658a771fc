"""Says in the words of this package what Hydra refuses: a key that nobody knows, a value that needs quotation marks."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf

from emotion_tl.cli.arguments import COMMAND_OF
from emotion_tl.cli.composition import SEARCH_PATH, config_folder, own_folders, reason_of_composition
from emotion_tl.cli.config_files import CHOICE, further_folders
from emotion_tl.override_text import key_of, override_text, quoted

UNKNOWN = re.compile(r"Could not (override|delete from config\.) '(?P<key>[^']+)'")
THERE_BEFORE = re.compile(r"An item is already at '(?P<key>[^']+)'")
SEVERAL_VALUES = re.compile(r"Ambiguous value for argument '(?P<override>.*)'")
MAX_SUGGESTIONS = 2
# Where names are the user's own.
OPEN = ("study.arms", "study.grid", "study.settings", "schedule.phases", "tracking.tags", "tuner.space.parameters")


def reason_of_refusal(error: HydraException, command: str, arguments: Sequence[str]) -> str:
    """Returns why Hydra could not compose what the arguments of a command say, and what to type instead."""
    if isinstance(error, OverrideParseException):
        return describe_unreadable(error.override)
    there_before = THERE_BEFORE.search(str(error))
    if there_before is not None:
        key = there_before["key"]
        return f"{key}: expected no plus before a setting that is there. Received: +{key}"
    several = SEVERAL_VALUES.search(str(error))
    if several is not None:
        return describe_several_values(several["override"])
    unknown = UNKNOWN.search(str(error))
    if unknown is not None:
        return describe_unknown(unknown["key"], compose_known(command, arguments), folders_of(command, arguments))
    return reason_of_composition(error)


def reason_of_job(error: HydraException, composed: DictConfig) -> str:
    """Returns why Hydra could not compose a job of a command, given what it has composed for the command itself."""
    unknown = UNKNOWN.search(str(error))
    if unknown is None:
        return reason_of_composition(error)
    of_jobs = OmegaConf.masked_copy(composed, [str(key) for key in composed if key not in COMMAND_OF])
    return describe_unknown(unknown["key"], of_jobs, own_folders(composed.hydra))


def describe_unreadable(override: str) -> str:
    """Returns what to type in place of an override that Hydra's grammar has no place for."""
    key, equals, value = override.partition("=")
    if not equals:
        return f"expected key=value. Received: {override}"
    if value.startswith(("[", "{")):
        return f"{key}: expected a list, [1,2], or a dict, {{a:1}}, in quotation marks. Received: {value}"
    if value.startswith(("'", '"')):
        return f"{key}: expected a text that ends with the quotation mark it starts with. Received: {value}"
    return f"{key}: expected quotation marks around such a value: {in_quotation_marks(override)}. Received: {value}"


def describe_several_values(override: str) -> str:
    """Returns what to type where a value has a comma: a text, a list and a sweep are meant with the same right."""
    key, _, value = override.partition("=")
    return (
        f"{key}: expected one value. Received: {value}. A text with a comma needs quotation marks, "
        f"{in_quotation_marks(override)}; a list needs brackets, {key}=[{value}]; -m tries one value after the other."
    )


def in_quotation_marks(override: str) -> str:
    """Returns an override as it is typed in a shell, its value a text for Hydra whatever is in it."""
    key, _, value = override.partition("=")
    text = quoted(value)
    text = text if text.startswith("'") else f"'{text}'"
    # What the shell would read between double quotation marks.
    return shlex.quote(f"{key}={text}") if set(text) & set('"$`\\!') else f'"{key}={text}"'


def describe_unknown(key: str, composed: DictConfig, folders: Sequence[Path]) -> str:
    """Returns that there is no such setting, and which one may be meant."""
    having = list(options_with(key, folders))
    if having:
        group = key.partition(".")[0]
        chosen = composed.hydra.runtime.choices.get(group)
        return f"{key}: {group}={chosen} has no such setting. These have it: {', '.join(having)}"
    above = key.rpartition(".")[0]
    if above in OPEN:
        return f"{key}: expected one of those that are there, or a plus for a new one: '+{key}=...'"
    settings = OmegaConf.to_container(composed, resolve=False)
    assert isinstance(settings, dict)
    is_hydras = key.startswith("hydra.")
    known = [name for name in keys_of(settings) if name.startswith("hydra.") == is_hydras]
    similar = similar_keys(key, known)
    question = f" Did you mean {' or '.join(similar)}?" if similar else ""
    shows_all = f"--cfg {'hydra' if is_hydras else 'job'} shows all settings."
    return f"There is no setting {key}.{question} {shows_all}"


def similar_keys(key: str, known: Sequence[str]) -> list[str]:
    """Returns the keys that may be meant: those of the same name elsewhere, else those spelled alike."""
    elsewhere = [name for name in known if name.rpartition(".")[2] == key.rpartition(".")[2]]
    alike = get_close_matches(key, elsewhere, MAX_SUGGESTIONS, cutoff=0)
    return alike or get_close_matches(key, known, MAX_SUGGESTIONS, cutoff=0.7)


def options_with(key: str, folders: Sequence[Path]) -> Iterator[str]:
    """Yields the options of a key's group, as data=csv of data.path, that have the key."""
    group, _, name = key.partition(".")
    for file in sorted(file for folder in folders for file in (folder / group).glob("*.yaml")):
        if name in keys_of(OmegaConf.to_container(OmegaConf.load(file), resolve=False)):
            yield f"{group}={file.stem}"


def keys_of(settings: Any, above: str = "") -> Iterator[str]:
    """Yields the keys of nested dicts with dots between them, those of the dicts included."""
    if isinstance(settings, Mapping):
        for name, value in settings.items():
            yield f"{above}{name}"
            yield from keys_of(value, f"{above}{name}.")


def folders_of(command: str, arguments: Sequence[str]) -> list[Path]:
    """Returns the folders with YAML files: conf/, and what the arguments add to it."""
    return [config_folder(command), *further_folders(arguments)]


def compose_known(command: str, arguments: Sequence[str]) -> DictConfig:
    """Returns the configuration of a command with those options that can be chosen, and no other override."""
    conf, *further = folders_of(command, arguments)
    chosen = [text for text in arguments if is_choice(text, (conf, *further))]
    places = [override_text(SEARCH_PATH, [f"file://{folder.absolute()}" for folder in further])] if further else []
    with initialize_config_dir(str(conf), version_base="1.3"):
        try:
            return compose(command, [*chosen, *places], return_hydra_config=True)
        except HydraException:
            return compose(command, return_hydra_config=True)


def is_choice(argument: str, folders: Sequence[Path]) -> bool:
    """Returns whether an argument chooses one option of a group."""
    choice = CHOICE.fullmatch(argument)
    return choice is not None and any(
        (folder / key_of(argument) / f"{choice['options']}.yaml").is_file() for folder in folders
    )
