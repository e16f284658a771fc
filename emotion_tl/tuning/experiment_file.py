"""The best trial of a search, as an experiment file that the command line runs again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from emotion_tl.config import ExperimentConfig, to_plain
from emotion_tl.errors import ConfigurationError
from emotion_tl.override_text import key_of
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
    path: Path, config: ExperimentConfig, choices: Mapping[str, str | None], overrides: list[str], origin: Origin
) -> None:
    """Writes a trial as a file of `conf/experiment`, so that `experiment=<name>` composes to its configuration.

    Args:
        path: the file, `<name>.yaml` in a folder `experiment` below `conf/` or below a folder given as --config-dir.
        config: the trial's.
        choices: the option of each group, as Hydra has composed them (`hydra.runtime.choices`).
        overrides: those of the user and of the trial, as on the command line. Those of tune, tuner and hydra are left
            out.
        origin: for the comments.

    Raises:
        ConfigurationError: where an override names a key that the configuration does not have.
    """
    own = of_experiment(overrides)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "\n".join(
            [
                "# @package _global_",
                *comments(path, own, origin),
                "defaults:",
                *default_lines(choices),
                *([nested_keys(config, own)] if any(map(is_setting, own)) else []),
            ]
        ).rstrip()
        + "\n",
        encoding="utf-8",
    )


def comments(path: Path, overrides: list[str], origin: Origin) -> Iterator[str]:
    """Yields the lines that say where the file comes from and how it is run."""
    folder = path.parent.parent.absolute()
    below = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    place = [] if (folder / "train.yaml").is_file() else [f"--config-dir {below.as_posix()}"]
    deletions = filter(is_deletion, overrides)
    command = " ".join(["python -m emotion_tl", *place, f"experiment={path.stem}", *deletions])
    yield f"# Trial {origin.trial} of the search {origin.search}, its best: {origin.objective} {origin.value:.4f}."
    yield f"#   {command}"
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
