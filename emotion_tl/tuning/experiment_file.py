"""The best trial of a search, as an experiment file that the command line runs again."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from emotion_tl.config import ExperimentConfig, to_plain
from emotion_tl.console import shown
from emotion_tl.errors import ConfigurationError
from emotion_tl.override_text import key_of, override_text
from emotion_tl.tuning.overrides import GROUPS, is_group, of_experiment


@dataclass(frozen=True)
class Origin:
    """Where an experiment file comes from, for its comments.

    Attributes:
        search: name of the search.
        trial: number of the trial.
        objective, value: metric the trial was chosen by, and its score.
        command: the command of the search.
        date: when the search ended.
    """

    search: str
    trial: int
    objective: str
    value: float
    command: str
    date: datetime


def write_experiment_file(
    path: Path,
    config: ExperimentConfig,
    choices: Mapping[str, str | None],
    overrides: list[str],
    origin: Origin,
    further: Sequence[str] = (),
) -> None:
    """Writes a trial as a file of `conf/experiment`, so that `experiment=<name>` composes to its configuration.

    Args:
        path: the file, `<name>.yaml` in a folder `experiment` below `conf/` or below a folder given as --config-dir.
        config: the trial's.
        choices: the option of each group, as Hydra has composed them (`hydra.runtime.choices`).
        overrides: those of the user and of the trial, as on the command line. Those of tune, tuner and hydra are left
            out.
        origin: for the comments.
        further: places that options come from beside `conf/`, as `hydra.searchpath` has them.

    Raises:
        ConfigurationError: where an override names a key that the configuration does not have.
    """
    own = of_experiment(overrides)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "\n".join(
            [
                "# @package _global_",
                *comments(path, own, origin, further),
                "defaults:",
                *default_lines(choices),
                *([nested_keys(config, own)] if any(map(is_setting, own)) else []),
            ]
        ).rstrip()
        + "\n",
        encoding="utf-8",
    )


def run_command(path: Path, overrides: Sequence[str], further: Sequence[str] = ()) -> str:
    """Returns the command that runs an experiment file; see `write_experiment_file`."""
    folder = path.parent.parent.absolute()
    is_conf = (folder / "train.yaml").is_file()
    places = [] if is_conf else ["--config-dir", shlex.quote(shown(folder).as_posix())]
    # There can be one --config-dir.
    search_path = [shlex.quote(override_text("hydra.searchpath", further))] if further else []
    deletions = filter(is_deletion, of_experiment(overrides))
    return " ".join(["python -m emotion_tl", *places, f"experiment={path.stem}", *search_path, *deletions])


def comments(path: Path, overrides: list[str], origin: Origin, further: Sequence[str]) -> Iterator[str]:
    """Yields the lines that say where the file comes from and how it is run."""
    yield f"# Trial {origin.trial} of the search {origin.search}, its best: {origin.objective} {origin.value:.4f}."
    yield f"#   {run_command(path, overrides, further)}"
    if any(map(is_deletion, overrides)):
        yield "# A file cannot take a key away: what begins with ~ has to be given on the command line."
    yield f"# Found on {origin.date:%Y-%m-%d} by"
    yield f"#   {' '.join(origin.command.split())}"


def default_lines(choices: Mapping[str, str | None]) -> Iterator[str]:
    """Yields the defaults list: every group as it was, so that a later change of `conf/` does not change the file."""
    if choices.get("experiment"):
        yield f"  - {choices['experiment']}"
    yield "  - _self_"
    for group in GROUPS:
        if group != "experiment" and choices.get(group):
            yield f"  - override /{group}: {choices[group]}"


def nested_keys(config: ExperimentConfig, overrides: list[str]) -> str:
    """Returns the settings that were overridden, with the values they have, as YAML.

    Raises:
        ConfigurationError: on a key that the configuration does not have.
    """
    keys = OmegaConf.create()
    for key in dict.fromkeys(key_of(override) for override in overrides if is_setting(override)):
        section: Any = to_plain(config)
        for part in key.split("."):
            if not isinstance(section, dict) or part not in section:
                raise ConfigurationError(
                    f"{key}: expected a key of the experiment, to write its file. It has none such."
                )
            section = section[part]
        OmegaConf.update(keys, key, section)
    return OmegaConf.to_yaml(keys)


def is_deletion(override: str) -> bool:
    """Returns whether an override takes something away."""
    return override.startswith("~")


def is_setting(override: str) -> bool:
    """Returns whether an override gives a key a value, and does not choose the option of a group."""
    return not is_deletion(override) and not is_group(key_of(override))
