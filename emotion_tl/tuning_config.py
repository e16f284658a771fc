"""The typed configuration of a search: its space, the algorithm that picks the trials, and what becomes of them."""

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from emotion_tl.config import ExperimentConfig

TUNERS = ("random", "bayesian", "hyperband", "grid")
SAMPLINGS = ("linear", "log")


@dataclass
class ParameterConfig:
    """One thing that differs from trial to trial: one of some values, or a number from a range.

    Attributes:
        key: the setting it changes, as in `head.dropout`, or a group of `conf/`, as in `backbone`.
        choices: the values, of any type; None for a range. Of a group they are the names of its options.
        low, high: both ends of a range, included; None with choices.
        step: distance between the values of a range, with sampling "log" their ratio; None takes all values between.
        sampling: "linear" or "log", which spreads the values of a range evenly over their logarithm.
        integer: take whole numbers from a range.
        when: name of another parameter -> those of its choices with which this one exists; all conditions have to hold.
    """

    key: str = MISSING
    choices: list[Any] | None = None
    low: float | None = None
    high: float | None = None
    step: float | None = None
    sampling: str = "linear"
    integer: bool = False
    when: dict[str, list[Any]] = field(default_factory=dict)


@dataclass
class SpaceConfig:
    """What a search tries.

    Attributes:
        name: what the space is called in runs.
        parameters: the parameters by name. A dict, so that one of them can be changed or left out on the command line.
    """

    name: str = MISSING
    parameters: dict[str, ParameterConfig] = field(default_factory=dict)


@dataclass
class TunerConfig:
    """How the next trial is picked.

    Attributes:
        name: one of `TUNERS`.
        max_trials: random, bayesian, grid: trials at most; None, with a grid, runs all of it.
        seed: of the values that are drawn.
        num_initial_points: bayesian: random trials before the Gaussian process is asked; None is three a parameter.
        alpha: bayesian: variance of the noise in the scores, which are scaled to unit variance.
        beta: bayesian: standard deviations that count in favour of a trial; more of it explores more.
        max_epochs: hyperband: epochs of the last phase that the longest trials get.
        factor: hyperband: one trial in so many goes on to the next round, for so many times the epochs.
        hyperband_iterations: hyperband: passes of the whole algorithm.
        space: what is tried.
    """

    name: str = MISSING
    max_trials: int | None = None
    seed: int = 0
    num_initial_points: int | None = None
    alpha: float = 1e-2
    beta: float = 2.6
    max_epochs: int = 9
    factor: int = 3
    hyperband_iterations: int = 1
    space: SpaceConfig = field(default_factory=SpaceConfig)


@dataclass
class TuneSettings:
    """What becomes of the trials.

    Attributes:
        name: of the search and of its folder; a search of the same name goes on. None makes it from the settings.
        num_best: models kept, those of the best trials.
        num_workers: processes on this machine that run trials at the same time; they take turns with its GPUs.
        retrain: train the best trial again, as an ordinary run with test metrics.
        output_dir: where the folder of the search is made.
    """

    name: str | None = None
    num_best: int = 3
    num_workers: int = 1
    retrain: bool = False
    output_dir: str = "outputs/tune"


@dataclass
class TuneConfig(ExperimentConfig):
    """A search: an experiment, and how some of its settings are searched.

    Attributes:
        tune: what becomes of the trials.
        tuner: how they are picked, and from which space.
    """

    tune: TuneSettings = field(default_factory=TuneSettings)
    tuner: TunerConfig = field(default_factory=TunerConfig)
