"""KerasTuner's tuner, with our trainings as its trials."""

import logging
import time
from dataclasses import replace
from functools import cached_property
from typing import Any

from keras_tuner import errors
from keras_tuner.engine import base_tuner, trial

from emotion_tl.errors import ConfigurationError, EmotionTLError, reason_of
from emotion_tl.system_errors import system_errors_told
from emotion_tl.tracking.running import forget_run
from emotion_tl.training.state_files import has_state
from emotion_tl.training.stretch import Stretch
from emotion_tl.tuning.composition import TrialComposer
from emotion_tl.tuning.executors import Executor, HeadExecutor, ProcessExecutor, TrialTask
from emotion_tl.tuning.failed_trial import note_failure
from emotion_tl.tuning.oracles import build_oracle
from emotion_tl.tuning.overrides import trial_overrides
from emotion_tl.tuning.search_folder import CONTINUED_TRIAL, EPOCHS, ORACLE_FOLDER
from emotion_tl.tuning.space import build_hyperparameters
from emotion_tl.tuning.worker import Assignment

logger = logging.getLogger(__name__)

# How long a worker waits before it asks again, where the next trial depends on others that are under way.
IDLE_SECONDS = 0.5


class TrialTuner(base_tuner.BaseTuner):
    """Runs the trials that the chief's oracle picks; in the chief's own process it answers the workers."""

    def __init__(self, assignment: Assignment):
        """Takes up the search where the files in its folder leave it."""
        self.assignment = assignment
        self.was_idle = False
        config = assignment.config
        self.composer = TrialComposer(config.tuner, assignment.compose, assignment.source)
        oracle = build_oracle(config.tuner, build_hyperparameters(config.tuner.space), config.schedule.monitor)
        super().__init__(oracle, directory=str(assignment.folder.path), project_name=ORACLE_FOLDER)

    @cached_property
    def executor(self) -> Executor:
        """Returns what computes the trials."""
        if self.assignment.head_trial:
            try:
                return HeadExecutor(self.assignment.head_trial)
            except ConfigurationError as error:
                logger.warning("%s Each trial computes the whole network instead.", error)
        return ProcessExecutor()

    def run_trial(self, trial: trial.Trial, *_: Any, **__: Any) -> dict[str, float | None]:
        """Runs a trial, notes what it came to, and returns its objective."""
        folder = self.assignment.folder
        objective = self.assignment.config.schedule.monitor
        # It may have been begun before, in a run that was closed since.
        forget_run(folder.trial(trial.trial_id))
        try:
            with system_errors_told():
                result = self.executor.run(self.task(trial.trial_id, trial.hyperparameters.values))
        except Exception as error:
            if not isinstance(error, EmotionTLError):
                logger.exception("Trial %s failed.", trial.trial_id)
            reason = reason_of(error)
            note_failure(self.assignment, trial, reason)
            raise errors.FailedTrialError(reason) from error
        folder.write_result(trial.trial_id, result)
        return {objective: result.value}

    def task(self, trial_id: str, values: dict[str, Any]) -> TrialTask:
        """Returns what is to be done for a trial, logged below the run of the search."""
        config, _ = self.composer.experiment(values)
        tracking = replace(config.tracking, parent_run_id=self.assignment.parent_run_id, run_name=None)
        space = self.assignment.config.tuner.space
        parameters = dict(text.split("=", 1) for text in trial_overrides(space, values))
        folder = self.assignment.folder.trial(trial_id)
        return TrialTask(
            trial_id, parameters, replace(config, tracking=tracking), folder, self.stretch(trial_id, values)
        )

    def stretch(self, trial_id: str, values: dict[str, Any]) -> Stretch:
        """Returns how much of the training a trial's budget is enough for, and what it goes on from.

        A trial that was interrupted goes on from its own last epoch, where it kept it.
        """
        heads_alone = isinstance(self.executor, HeadExecutor)
        if heads_alone and EPOCHS not in values:
            # A head takes seconds; to write down where it is would take as long.
            return Stretch()
        sources = [trial_id, *filter(None, [values.get(CONTINUED_TRIAL)])]
        folders = [self.assignment.folder.trial(source) for source in sources]
        resume_from = next(filter(has_state, folders), None)
        return Stretch(values.get(EPOCHS), resume_from, "end" if heads_alone else "epoch")

    def pre_create_trial(self) -> None:
        """Waits a moment before it asks again for a trial that there was none of."""
        if self.was_idle:
            time.sleep(IDLE_SECONDS)
        self.was_idle = True

    def on_trial_begin(self, trial: trial.Trial) -> None:
        """Notes that there was a trial, and sees to what computes it.

        Not in `run_trial`, where an error is that of the trial: none of them can do without the features.
        """
        self.was_idle = False
        logger.info("Trial %s", trial.trial_id)
        _ = self.executor

    def on_trial_end(self, trial: trial.Trial) -> None:
        """Tells the chief, which keeps the files."""
        self.oracle.end_trial(trial)
