"""The typed configuration of a study: the arms that are compared, and over which seeds and settings."""

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

# The key over which a study repeats its arms.
SEED = "seed"

# Tags of the runs of a study in MLflow.
STUDY_TAG = "study"
ARM_TAG = "arm"
# And of the runs of any sweep: which start of it they are of.
START_TAG = "start"


@dataclass
class GridConfig:
    """A setting that every arm is run with several values of.

    Attributes:
        key: the setting, as in `data.train_fraction`, or a group of `conf/`, as in `imbalance`.
        choices: its values, of any type.
        arms: the arms that are multiplied; None is all of them.
    """

    key: str = MISSING
    choices: list[Any] = field(default_factory=list)
    arms: list[str] | None = None


@dataclass
class StudyConfig:
    """A study.

    Attributes:
        name: what the study is called in MLflow, and what it is found by afterwards.
        baseline: the arm that all others are compared with.
        arms: the things that are compared, by name: settings with their values, as in `backbone: vgg16` or
            `schedule.phases.frozen.epochs: 3`. A dict, so that one can be changed or left out on the command line.
        seeds: each arm is run with each of them. The first seed of all arms comes before the second of any.
        grid: settings that all arms are multiplied with, by any name.
        settings: settings with their values that all arms share.
        dry_run: print the jobs, and which of them are finished, and run none.
    """

    name: str = MISSING
    baseline: str = MISSING
    arms: dict[str, dict[str, Any]] = field(default_factory=dict)
    seeds: list[int] = field(default_factory=lambda: [0, 1, 2])
    grid: dict[str, GridConfig] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    dry_run: bool = False
