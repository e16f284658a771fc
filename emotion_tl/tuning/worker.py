"""A worker of a search: asks the chief for trials, runs them, and reports what they came to."""

import os
from dataclasses import dataclass

from emotion_tl.config import ExperimentConfig
from emotion_tl.console import configure_logging
from emotion_tl.own_process import write_terminal_to
from emotion_tl.runtime import select_backend
from emotion_tl.signals import end_on_signals, end_with_parent
from emotion_tl.tuning.composition import Compose
from emotion_tl.tuning.search_folder import SearchFolder
from emotion_tl.tuning_config import TuneConfig

ADDRESS = "127.0.0.1"


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


def work(assignment: Assignment, name: str) -> None:
    """Runs trials until the chief has no more; what a worker's process does."""
    end_on_signals()
    end_with_parent()
    take_part(name, assignment.port)
    write_terminal_to(assignment.folder.worker_log(name))
    configure_logging(None)
    select_backend(assignment.config.trainer.backend)
    from emotion_tl.tuning.trial_tuner import TrialTuner

    TrialTuner(assignment).search()
