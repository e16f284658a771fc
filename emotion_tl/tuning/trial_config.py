"""The experiment that a trial is, as a configuration and as overrides of the command line."""

from collections.abc import Mapping
from typing import Any

from emotion_tl.config import ExperimentConfig
from emotion_tl.tuning.composition import TrialComposer
from emotion_tl.tuning.overrides import trial_overrides
from emotion_tl.tuning_config import TunerConfig


def trial_experiment(
    composer: TrialComposer, tuner: TunerConfig, values: Mapping[str, Any]
) -> tuple[ExperimentConfig, list[str]]:
    """Returns a trial as it would be run to its end, and the overrides that make it.

    With Hyperband the last phase has the epochs of its longest trials, over which the learning rate goes down; how many
    of them a trial gets is its budget.
    """
    config = composer.trial_config(values)
    overrides = trial_overrides(tuner.space, values)
    if tuner.name == "hyperband" and config.schedule.phases:
        name, phase = list(config.schedule.phases.items())[-1]
        phase.epochs = tuner.max_epochs
        overrides.append(f"schedule.phases.{name}.epochs={tuner.max_epochs}")
    return config, overrides
