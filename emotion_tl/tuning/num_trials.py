"""How many trials a search has."""

import math

from emotion_tl.tuning_config import TunerConfig


def count_trials(config: TunerConfig) -> int | None:
    """Returns the number of trials of a search; None where only its end will tell.

    Random and Bayesian search end earlier where the space has no more to try.
    """
    if config.name == "hyperband":
        return config.hyperband_iterations * sum(
            bracket_size(config, bracket, halving) for bracket in brackets(config) for halving in range(bracket + 1)
        )
    return config.max_trials


def brackets(config: TunerConfig) -> range:
    """Returns the numbers of the brackets of a pass of Hyperband; bracket n has n + 1 rounds."""
    return range(math.floor(math.log(config.max_epochs, config.factor) + 1e-9) + 1)


def bracket_size(config: TunerConfig, bracket: int, halving: int) -> int:
    """Returns the trials in a round of a bracket, as KerasTuner's oracle counts them."""
    last = math.ceil(1 + math.log(config.max_epochs, config.factor)) / (bracket + 1)
    return math.ceil(last * config.factor ** (bracket - halving))
