"""What a trial leaves that failed: the reason, in its folder and in MLflow."""

from dataclasses import replace

from keras_tuner.engine.trial import Trial

from emotion_tl.tracking.failure import log_failure
from emotion_tl.tuning.overrides import trial_overrides
from emotion_tl.tuning.search_folder import TrialResult
from emotion_tl.tuning.worker import Assignment


def note_failure(assignment: Assignment, trial: Trial, reason: str) -> None:
    """Notes why a trial failed, whether its process lives or not, and in a run of its own where it came to none."""
    config, folder = assignment.config, assignment.folder
    tracking = replace(config.tracking, parent_run_id=assignment.parent_run_id, run_name=None)
    overrides = trial_overrides(config.tuner.space, trial.hyperparameters.values)
    tags = {"reason": reason, "overrides": " ".join(overrides)}
    place = folder.trial(trial.trial_id)
    run_id = log_failure(tracking, place, config.data.name, f"trial {trial.trial_id}", tags)
    folder.write_result(trial.trial_id, TrialResult("failed", reason=reason, run_id=run_id))
