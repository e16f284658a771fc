"""A run that was interrupted goes on where it was, when the same run is started again."""

import logging
from dataclasses import dataclass
from pathlib import Path

from emotion_tl.config import ExperimentConfig
from emotion_tl.data.dataset import Dataset
from emotion_tl.identity import known_identities
from emotion_tl.tracking.run import TrackedRun
from emotion_tl.tracking.runs import RunSummary, find_same_runs
from emotion_tl.training.state import TrainingState
from emotion_tl.training.state_files import TrainingStateError, has_state, remove_state
from emotion_tl.training.stretch import Stretch

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_STATES = 10.0
CONTINUES_TAG = "continues"


@dataclass(frozen=True)
class Continuation:
    """How a training starts: anew, or where an interrupted run of the same was.

    Attributes:
        stretch: all of the training that is left.
        seconds: that its epochs so far have taken.
    """

    stretch: Stretch
    seconds: float = 0.0

    def forget(self, folder: Path) -> None:
        """Removes what nobody will go on from, as the run has ended."""
        for place in (folder, self.stretch.resume_from):
            if place is not None:
                remove_state(place)


def take_up(config: ExperimentConfig, dataset: Dataset, run: TrackedRun) -> Continuation:
    """Returns where the training starts, and tells the run of the epochs that an interrupted one has trained.

    Which run that is, MLflow knows: the latest of the same experiment and identity, on this machine, whose training has
    left a state, and after which none has finished. `sweep.rerun=all` starts anew.
    """
    interrupted = None if config.sweep.rerun == "all" else find_interrupted(config, dataset)
    anew = Stretch(keep_state="epoch", seconds_between_states=SECONDS_BETWEEN_STATES)
    if interrupted is None or interrupted.folder is None:
        return Continuation(anew)
    try:
        rows = TrainingState.read(interrupted.folder).rows
    except TrainingStateError as error:
        logger.warning("state    %s", error)
        return Continuation(anew)
    for row in rows:
        run.log_epoch(row)
    run.log_tags({CONTINUES_TAG: interrupted.run_id})
    logger.info("state    this run was interrupted before; sweep.rerun=all would start it anew")
    stretch = Stretch(None, interrupted.folder, "epoch", SECONDS_BETWEEN_STATES)
    return Continuation(stretch, sum(float(row["seconds"]) for row in rows))


def find_interrupted(config: ExperimentConfig, dataset: Dataset) -> RunSummary | None:
    """Returns the run to go on with; None where there is none."""
    experiment = config.tracking.experiment_name or dataset.name
    for run in find_same_runs(config.tracking, experiment, known_identities(config, dataset.fingerprint)):
        if run.status == "FINISHED":
            return None
        if run.status != "RUNNING" and run.folder is not None and has_state(run.folder):
            return run
    return None
