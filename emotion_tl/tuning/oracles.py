"""KerasTuner's oracles, which pick the next trial, with files that survive a kill at any moment."""

import keras_tuner
from keras_tuner import oracles

from emotion_tl.training_config import MONITORS
from emotion_tl.tuning.files import write_json
from emotion_tl.tuning_config import TunerConfig

# More than any search has: KerasTuner would otherwise end it after three failed trials in a row, with its lock held.
ANY_NUMBER = 10**9


class LastingFiles:
    """Writes the files of an oracle as a whole or not at all, and finds its way back from those of a killed process.

    KerasTuner writes them in place, a trial before the oracle: killed between the two, a trial would stay RUNNING for
    ever, or one that has ended be tried again.
    """

    def save(self) -> None:
        """Writes the state of the oracle."""
        write_json(self._get_oracle_fname(), self.get_state())  # type: ignore[attr-defined]

    def _save_trial(self, trial) -> None:
        """Writes the state of a trial."""
        write_json(f"{self._get_trial_dir(trial.trial_id)}/trial.json", trial.get_state())  # type: ignore[attr-defined]

    def reload(self) -> None:
        """Reads the state back; trials that were running are picked again first."""
        super().reload()  # type: ignore[misc]
        running = [trial for trial in self.trials.values() if trial.status == "RUNNING"]  # type: ignore[attr-defined]
        self._retry_queue = sorted((trial.trial_id for trial in running), reverse=True)
        for trial_id, trial in sorted(self.trials.items()):  # type: ignore[attr-defined]
            if trial_id not in self.start_order:  # type: ignore[attr-defined]
                self.start_order.append(trial_id)  # type: ignore[attr-defined]
            if trial.status in ("COMPLETED", "FAILED") and trial_id not in self.end_order:  # type: ignore[attr-defined]
                self.end_order.append(trial_id)  # type: ignore[attr-defined]


class RandomOracle(LastingFiles, oracles.RandomSearchOracle):
    """Draws each trial anew."""


class BayesianOracle(LastingFiles, oracles.BayesianOptimizationOracle):
    """Asks a Gaussian process."""


class HyperbandOracle(LastingFiles, oracles.HyperbandOracle):
    """Gives many trials a few epochs and the best of them more."""


class GridOracle(LastingFiles, oracles.GridSearchOracle):
    """Tries every combination."""


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
        "seed": config.seed,
        # What a trial knows of its budget is no part of the space.
        "allow_new_entries": True,
        "tune_new_entries": True,
        "max_retries_per_trial": 0,
        "max_consecutive_failed_trials": ANY_NUMBER,
    }
    if config.name == "random":
        return RandomOracle(max_trials=config.max_trials, **shared)
    if config.name == "grid":
        return GridOracle(max_trials=config.max_trials, **shared)
    if config.name == "hyperband":
        budget = {"max_epochs": config.max_epochs, "factor": config.factor}
        return HyperbandOracle(hyperband_iterations=config.hyperband_iterations, **budget, **shared)
    process = {"num_initial_points": config.num_initial_points, "alpha": config.alpha, "beta": config.beta}
    return BayesianOracle(max_trials=config.max_trials, **process, **shared)
