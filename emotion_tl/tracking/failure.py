"""Sees to it that MLflow says why something failed, however it ended: in order, with its process, or before its run."""

import logging
from collections.abc import Sequence
from pathlib import Path

from mlflow.exceptions import MlflowException

from emotion_tl.config import TrackingConfig
from emotion_tl.errors import EmotionTLError, reason_of
from emotion_tl.tracking.run import log_failed_run
from emotion_tl.tracking.running import read_run_id
from emotion_tl.tracking.runs import close_if_dead

logger = logging.getLogger(__name__)


def log_failure(
    config: TrackingConfig, folder: Path, dataset_name: str, run_name: str, overrides: Sequence[str], reason: str
) -> str | None:
    """Returns the id of the run that says why what was computed in a folder failed.

    A run whose process died could not say so and is closed; what failed before it had a run gets one. Where MLflow
    cannot be told, as this may be what has failed, the log says so.

    Args:
        config: where it is logged.
        folder: of what failed.
        dataset_name: the MLflow experiment where `config` names none.
        run_name: of a run that is made.
        overrides: what was to be run.
        reason: why it failed, where the run does not know better.
    """
    run_id = read_run_id(folder)
    try:
        if run_id is None:
            return log_failed_run(config, dataset_name, run_name, list(overrides), reason)
        close_if_dead(config, run_id, "FAILED", reason)
    except (EmotionTLError, MlflowException) as error:
        logger.error("MLflow does not know why %s failed. %s", run_name, reason_of(error))
    return run_id
