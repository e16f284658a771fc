"""A run that was interrupted goes on where it was, when the same run is started again."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from emotion_tl.config import ExperimentConfig, TrackingConfig
from emotion_tl.tracking.run import TrackedRun
from emotion_tl.tracking.runs import find_same_runs
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
        earlier: folders of the interrupted runs.
    """

    stretch: Stretch
    seconds: float = 0.0
    earlier: tuple[Path, ...] = ()

    def forget(self, folder: Path) -> None:
        """Removes what nobody will go on from, as the run in this folder has ended."""
        for place in (folder, *self.earlier):
            remove_state(place)


def take_up(config: ExperimentConfig, dataset_name: str, identities: Sequence[str], run: TrackedRun) -> Continuation:
    """Returns where the training starts, and tells the run of the epochs that an interrupted one has trained.

    Which run that is, MLflow knows: the latest of the same experiment and identity, on this machine, whose training has
    left a state, and after which none has finished. `sweep.rerun=all` starts anew.

    Args:
        dataset_name: the MLflow experiment where the configuration names none.
        identities: by which the run is known.
        run: this one.
    """
    anew = Stretch(keep_state="epoch", seconds_between_states=SECONDS_BETWEEN_STATES)
    interrupted = find_interrupted(config.tracking, config.tracking.experiment_name or dataset_name, identities)
    earlier = tuple(interrupted.values())
    if not interrupted or config.sweep.rerun == "all":
        return Continuation(anew, earlier=earlier)
    run_id, folder = next(iter(interrupted.items()))
    try:
        rows = TrainingState.read(folder).rows
    except TrainingStateError as error:
        logger.warning("state    %s", error)
        return Continuation(anew, earlier=earlier)
    for row in rows:
        run.log_epoch(row)
    run.log_tags({CONTINUES_TAG: run_id})
    logger.info("state    this run was interrupted before; sweep.rerun=all would start it anew")
    stretch = replace(anew, resume_from=folder)
    return Continuation(stretch, sum(float(row["seconds"]) for row in rows), earlier)


def find_interrupted(config: TrackingConfig, experiment_name: str, identities: Sequence[str]) -> dict[str, Path]:
    """Returns the runs that one could go on with, the latest first: run id -> folder."""
    same_runs = find_same_runs(config, experiment_name, identities)
    unfinished = takewhile(lambda run: run.status != "FINISHED", same_runs)
    return {
        run.run_id: run.folder
        for run in unfinished
        if run.status != "RUNNING" and run.folder is not None and has_state(run.folder)
    }
