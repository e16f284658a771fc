"""Which trials keep what they have trained: the best ones, and those that may go on."""

from pathlib import Path

import keras_tuner

from emotion_tl.training.state_files import remove_state
from emotion_tl.tuning.search_folder import CONTINUED_TRIAL, SearchFolder

# What is small stays of every trial: config.yaml, history.csv, result.json.
LARGE_FILES = ("*.keras", "*.h5")


def delete_other_models(oracle: keras_tuner.Oracle, folder: SearchFolder, num_best: int) -> None:
    """Deletes the weights of trials that are neither among the best nor may be continued.

    So that a search takes as much disk with a thousand trials as with ten.
    """
    best = {trial.trial_id for trial in oracle.get_best_trials(num_best)}
    continuable = continuable_trials(oracle)
    for trial_id, trial in list(oracle.trials.items()):
        if trial.status in ("COMPLETED", "FAILED") and trial_id not in continuable:
            remove_state(folder.trial(trial_id))
            if trial_id not in best:
                delete_weights(folder.trial(trial_id))


def delete_weights(folder: Path) -> None:
    """Deletes models and weights from the folder of a trial."""
    for pattern in LARGE_FILES:
        for file in folder.rglob(pattern):
            file.unlink(missing_ok=True)


def continuable_trials(oracle: keras_tuner.Oracle) -> set[str]:
    """Returns the ids of the trials that Hyperband may still continue, and of those it is continuing."""
    brackets = getattr(oracle, "_brackets", [])
    waiting = {entry["id"] for bracket in brackets for entries in bracket["rounds"] for entry in entries}
    running = list(oracle.ongoing_trials.values())
    return waiting | {trial.hyperparameters.values.get(CONTINUED_TRIAL) for trial in running}
