"""Sees to it that MLflow says why something failed, however it ended: in order, with its process, or before its run."""

import logging
from collections.abc import Mapping
from pathlib import Path

from mlflow.exceptions import MlflowException

from emotion_tl.config import TrackingConfig
from emotion_tl.errors import EmotionTLError, reason_of
from emotion_tl.tracking.run import log_failed_run
from emotion_tl.tracking.running import read_run_id
from emotion_tl.tracking.runs import close_if_dead

logger = logging.getLogger(__name__)


def log_failure(
    config: TrackingConfig,
    folder: Path,
    dataset_name: str,
    run_name: str,
    tags: Mapping[str, str],
    earlier_run_id: str | None = None,
) -> str | None:
    """Returns the id of the run that says why what was computed in a folder failed.

    A run whose process died could not say so and is closed; what failed before it had a run gets one. Where MLflow
    cannot be told, as this may be what has failed, the log says so.

    Args:
        config: where it is logged.
        folder: of what failed.
        dataset_name: the MLflow experiment where `config` names none.
        run_name: of a run that is made.
        tags: of a run that is made; "reason" is why it failed, where a run that was does not know better.
        earlier_run_id: the run that the folder belonged to before; None where there was none.
    """
    run_id = read_run_id(folder)
    try:
        if run_id is None or run_id == earlier_run_id:
            return log_failed_run(config, dataset_name, run_name, tags)
        close_if_dead(config, run_id, "FAILED", tags["reason"])
    except (EmotionTLError, MlflowException, OSError) as error:
        logger.error("MLflow does not know why %s failed. %s", run_name, reason_of(error))
    return run_id
