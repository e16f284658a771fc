"""KerasTuner's oracles, which pick the next trial, with files that survive a kill at any moment."""

from functools import cmp_to_key
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner import oracles
from keras_tuner.engine.trial import Trial

from emotion_tl.files import write_json
from emotion_tl.training_config import MONITORS
from emotion_tl.tuning_config import TunerConfig

# More than any search has: KerasTuner would otherwise end it after three failed trials in a row, with its lock held.
ANY_NUMBER = 10**9
# Draws in a row of what was tried before, after which a space has nothing left. With KerasTuner's 20, a search often
# ends before the last combinations of a small space. So many take half a second.
MOST_COLLISIONS = 10**4


class LastingOracle(keras_tuner.Oracle):
    """Goes on from its files as if it had never been interrupted, and tries again what failed.

    KerasTuner writes the files in place, a trial before the oracle: killed between the two, a trial would stay RUNNING
    for ever, or one that has ended be tried again. Here they are written as a whole or not at all.
    """

    trials: dict[str, Trial]
    end_order: list[str]

    def set_seed(self, seed: int) -> None:
        """Sets the seed of all that is drawn: KerasTuner takes a 0 for none."""
        self.seed = self._seed_state = seed

    def count_trials(self) -> int | None:
        """Returns the number of trials of the search; None where only its end will tell.

        It ends earlier where the space has no more to try.
        """
        return self.max_trials

    def save(self) -> None:
        """Writes the state of the oracle."""
        write_json(self._get_oracle_fname(), self.get_state())

    def _save_trial(self, trial) -> None:
        """Writes the state of a trial."""
        write_json(f"{self._get_trial_dir(trial.trial_id)}/trial.json", trial.get_state())

    def reload(self) -> None:
        """Reads the state back; trials that were running and trials that failed are picked again first."""
        super().reload()
        # A trial that the oracle's file does not know was never handed out: it will be picked again as it was.
        self.trials = {trial_id: self.trials[trial_id] for trial_id in self.start_order}
        completed = [trial_id for trial_id, trial in self.trials.items() if trial.status == "COMPLETED"]
        in_order = [trial_id for trial_id in self.end_order if trial_id in completed]
        self.end_order = in_order + [trial_id for trial_id in completed if trial_id not in in_order]
        unfinished = [trial for trial in self.trials.values() if trial.status != "COMPLETED"]
        for trial in unfinished:
            # Without what came of it: KerasTuner would average its scores with those of the new try.
            self.trials[trial.trial_id] = Trial(trial.hyperparameters, trial.trial_id)
        # KerasTuner takes the last one first.
        self._retry_queue = [trial.trial_id for trial in reversed(unfinished)]


class RandomOracle(LastingOracle, oracles.RandomSearchOracle):
    """Draws each trial anew."""


class BayesianOracle(LastingOracle, oracles.BayesianOptimizationOracle):
    """Asks a Gaussian process."""

    def set_seed(self, seed: int) -> None:
        """Sets the seed of what is drawn and of the process."""
        super().set_seed(seed)
        self.gpr = self._make_gpr()

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Returns the values of the next trial: those the process finds best, or random ones where they were tried.

        It ends where the space has none left.
        """
        # Where the search for the best values begins stands in no file. So it depends on the number of the trial alone.
        self._random_state = np.random.RandomState([self.seed, len(self.trials)])
        proposed = super().populate_space(trial_id)
        if proposed["status"] == "RUNNING" and self._duplicate(proposed["values"]):
            return self._random_populate_space()
        return proposed


class HyperbandOracle(LastingOracle, oracles.HyperbandOracle):
    """Gives many trials a few epochs and the best of them more."""

    def count_trials(self) -> int:
        """Returns the number of trials in all rounds of all brackets."""
        return self.hyperband_iterations * sum(
            self._get_size(bracket, halving)
            for bracket in range(self._get_num_brackets())
            for halving in range(self._get_num_rounds(bracket))
        )


class GridOracle(LastingOracle, oracles.GridSearchOracle):
    """Tries every combination."""

    def reload(self) -> None:
        """Reads the state back, and with it the order of the combinations, which KerasTuner keeps in no file."""
        super().reload()
        # One whose next combination was tried is passed over.
        self._populate_next = sorted(self.trials, key=cmp_to_key(self.compare_trials))
        for trial_id in self._populate_next:
            self._ordered_ids.insert(trial_id)

    def compare_trials(self, first: str, second: str) -> int:
        """Returns -1 where the combination of the first trial comes before that of the second, and 1 after it."""
        return self._compare(*(self.trials[trial_id].hyperparameters.values for trial_id in (first, second)))


def build_oracle(config: TunerConfig, space: keras_tuner.HyperParameters, objective: str) -> keras_tuner.Oracle:
    """Returns the oracle that the configuration names.

    Args:
        config: a checked one.
        space: from `build_hyperparameters`.
        objective: metric on val, one of `MONITORS`.
    """
    shared = {
        "objective": keras_tuner.Objective(objective, MONITORS[objective]),
        "hyperparameters": space,
        # What a trial knows of its budget is no part of the space.
        "allow_new_entries": True,
        "tune_new_entries": True,
        "max_retries_per_trial": 0,
        "max_consecutive_failed_trials": ANY_NUMBER,
    }
    oracle = oracle_of_kind(config, shared)
    oracle.set_seed(config.seed)
    return oracle


def oracle_of_kind(config: TunerConfig, shared: dict[str, Any]) -> LastingOracle:
    """Returns the oracle that the configuration names, with its own settings and those that all have."""
    if config.name == "grid":
        return GridOracle(max_trials=config.max_trials, **shared)
    if config.name == "hyperband":
        budget = {"max_epochs": config.max_epochs, "factor": config.factor}
        return HyperbandOracle(hyperband_iterations=config.hyperband_iterations, **budget, **shared)
    process = {"num_initial_points": config.num_initial_points, "alpha": config.alpha, "beta": config.beta}
    kind, settings = (RandomOracle, {}) if config.name == "random" else (BayesianOracle, process)
    oracle = kind(max_trials=config.max_trials, **settings, **shared)
    oracle._max_collisions = MOST_COLLISIONS
    return oracle
