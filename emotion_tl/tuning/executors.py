"""Where trials are computed: heads in turn on features that are read once, others each in a process of its own.

A trial that trains (parts of) a backbone takes a process of its own, since TensorFlow gives the memory of a GPU back
only when a process ends. Heads are small, and a process would cost more than the trial.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from emotion_tl.config import ExperimentConfig
from emotion_tl.own_process import call_in_own_process
from emotion_tl.runtime import select_backend
from emotion_tl.system_errors import system_errors_told
from emotion_tl.training.stretch import Stretch
from emotion_tl.tuning.search_folder import TrialResult


@dataclass(frozen=True)
class TrialTask:
    """What a worker is asked to do for a trial: a training, or the part of it that the trial's budget is enough for.

    Attributes:
        trial_id: KerasTuner's.
        parameters: key and value, as text, of what is searched.
        config: of the experiment.
        folder: of the trial.
        stretch: how much of the training is done, and what it goes on from.
    """

    trial_id: str
    parameters: Mapping[str, str]
    config: ExperimentConfig
    folder: Path
    stretch: Stretch


class Executor(Protocol):
    """Runs trials."""

    def run(self, task: TrialTask) -> TrialResult:
        """Returns what a trial came to.

        Raises:
            EmotionTLError: where it fails.
        """


class HeadExecutor:
    """Runs trials of heads on the cached features of one backbone, in this process."""

    def __init__(self, config: ExperimentConfig):
        """Reads the features, or computes them.

        Args:
            config: of any trial; all have the same features.
        """
        from emotion_tl.data.dataset import load_dataset
        from emotion_tl.models.transfer_model import build_transfer_model
        from emotion_tl.runtime import configure
        from emotion_tl.training.head_trials import HeadTrials

        configure(config.trainer, config.seed)
        dataset = load_dataset(config.data, Path(config.cache_dir))
        self.heads = HeadTrials(build_transfer_model(config, dataset.image_shape, dataset.num_classes), dataset, config)

    def run(self, task: TrialTask) -> TrialResult:
        """Trains a head."""
        from emotion_tl.tuning.trial import run_trial

        return run_trial(task, lambda run: self.heads.train(task.config, task.folder, (run.log_epoch,), task.stretch))


class ProcessExecutor:
    """Runs each trial in a process of its own."""

    def run(self, task: TrialTask) -> TrialResult:
        """Runs a trial and waits for it."""
        return call_in_own_process(train_whole, task)


def train_whole(task: TrialTask) -> TrialResult:
    """Runs a trial in this process, which was made for it."""
    select_backend(task.config.trainer.backend)
    from emotion_tl.tuning.trial import train_whole_trial

    with system_errors_told():
        return train_whole_trial(task)
