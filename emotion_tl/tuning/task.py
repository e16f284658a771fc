"""What a worker is asked to do for a trial."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emotion_tl.config import ExperimentConfig
from emotion_tl.training.stretch import Stretch


@dataclass(frozen=True)
class TrialTask:
    """A training, or the part of it that a trial's budget is enough for.

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
