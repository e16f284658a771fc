"""A run that was interrupted goes on where it was, when the same run is started again."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from emotion_tl.config import ExperimentConfig, TrackingConfig
from emotion_tl.data.dataset import Dataset
from emotion_tl.models.transfer_model import TransferModel
from emotion_tl.tracking.run import TrackedRun
from emotion_tl.tracking.runs import find_same_runs
from emotion_tl.training.state import TrainingState
from emotion_tl.training.state_files import TrainingStateError, has_state, remove_state
from emotion_tl.training.state_settings import check_same_training, deciding_settings
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


def take_up(
    config: ExperimentConfig, dataset: Dataset, model: TransferModel, identities: Sequence[str], run: TrackedRun
) -> Continuation:
    """Returns where the training starts, and tells the run of the epochs that an interrupted one has trained.

    Which run that is, MLflow knows: the latest of the same experiment and identity, on this machine, whose training has
    left a state, and after which none has finished. One whose state is damaged or does not fit starts anew, and so does
    one with `sweep.rerun=all`.

    Args:
        dataset: its name is that of the MLflow experiment where the configuration names none.
        model: as it was built. A run on random weights in place of those that could not be had goes on with another one
            on such weights, and with no other.
        identities: by which the run is known.
        run: this one.
    """
    anew = Stretch(keep_state="epoch", seconds_between_states=SECONDS_BETWEEN_STATES)
    experiment_name = config.tracking.experiment_name or dataset.name
    interrupted = find_interrupted(config.tracking, experiment_name, identities, model.weights.fallback)
    earlier = tuple(interrupted.values())
    if not interrupted or config.sweep.rerun == "all":
        return Continuation(anew, earlier=earlier)
    run_id, folder = next(iter(interrupted.items()))
    try:
        state = TrainingState.read(folder)
        check_same_training(folder, state.settings, deciding_settings(config, model, dataset.fingerprint))
    except TrainingStateError as error:
        logger.warning("state    %s", error)
        return Continuation(anew, earlier=earlier)
    for row in state.rows:
        run.log_epoch(row)
    run.log_tags({CONTINUES_TAG: run_id})
    logger.info("state    this run was interrupted before; sweep.rerun=all would start it anew")
    stretch = replace(anew, resume_from=folder)
    return Continuation(stretch, sum(float(row["seconds"]) for row in state.rows), earlier)


def find_interrupted(
    config: TrackingConfig, experiment_name: str, identities: Sequence[str], on_fallback_weights: bool
) -> dict[str, Path]:
    """Returns the runs that one could go on with, the latest first: run id -> folder."""
    same_runs = find_same_runs(config, experiment_name, identities, on_fallback_weights)
    unfinished = takewhile(lambda run: run.status != "FINISHED", same_runs)
    return {
        run.run_id: run.folder
        for run in unfinished
        if run.status != "RUNNING" and run.folder is not None and has_state(run.folder)
    }
