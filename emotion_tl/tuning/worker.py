"""A worker of a search: asks the chief for trials, runs them, and reports what they came to."""

import logging
import os
from dataclasses import dataclass
from multiprocessing.queues import SimpleQueue

from emotion_tl.config import Compose, ExperimentConfig
from emotion_tl.console import configure_logging
from emotion_tl.errors import EmotionTLError, reason_of
from emotion_tl.own_process import write_terminal_to
from emotion_tl.runtime import select_backend
from emotion_tl.signals import end_on_signals, end_with_parent
from emotion_tl.system_errors import system_errors_told
from emotion_tl.tuning.gpus import use_gpu
from emotion_tl.tuning.search_folder import SearchFolder
from emotion_tl.tuning_config import TuneConfig

logger = logging.getLogger(__name__)

ADDRESS = "127.0.0.1"
# gRPC's own, which it reads in place of no_proxy.
NO_PROXY = "no_grpc_proxy"


@dataclass(frozen=True)
class Assignment:
    """What a worker has to know.

    Attributes:
        config: of the search.
        compose: returns the experiment with further overrides, in another process too.
        source: the file of the space, for messages.
        folder: of the search.
        parent_run_id: MLflow run of the search.
        head_trial: one of the trials, where all are heads on the same features.
        port: of the chief on this machine.
    """

    config: TuneConfig
    compose: Compose
    source: str
    folder: SearchFolder
    parent_run_id: str
    head_trial: ExperimentConfig | None
    port: int


def take_part(name: str, port: int) -> None:
    """Tells KerasTuner in this process where the chief is, and who this is: the chief is called "chief"."""
    os.environ["KERASTUNER_TUNER_ID"] = name
    os.environ["KERASTUNER_ORACLE_IP"] = ADDRESS
    os.environ["KERASTUNER_ORACLE_PORT"] = str(port)
    stay_off_the_proxy()


def stay_off_the_proxy() -> None:
    """Lets gRPC reach the chief by itself: it would ask the proxy of `http_proxy` for this machine too, and wait."""
    past = os.environ.get(NO_PROXY) or os.environ.get("no_proxy")
    if ADDRESS not in (past or "").split(","):
        os.environ[NO_PROXY] = f"{past},{ADDRESS}" if past else ADDRESS


def work(assignment: Assignment, name: str, gpu: str | None, reasons: SimpleQueue) -> None:
    """Runs trials until the chief has no more; what a worker's process does.

    Args:
        assignment: what it has to know.
        name: of the worker.
        gpu: to which it is kept; None lets it see all.
        reasons: gets why it cannot run any trial; a trial that fails is no reason.
    """
    end_on_signals()
    end_with_parent()
    use_gpu(gpu)
    take_part(name, assignment.port)
    write_terminal_to(assignment.folder.worker_log(name))
    configure_logging(None)
    select_backend(assignment.config.trainer.backend)
    from emotion_tl.tuning.trial_tuner import TrialTuner

    try:
        with system_errors_told():
            TrialTuner(assignment).search()
    except Exception as error:
        if not isinstance(error, EmotionTLError):
            logger.exception("The worker failed.")
        reasons.put(reason_of(error))
