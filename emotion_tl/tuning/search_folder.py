"""The folder of a search: its trials, and what they came to."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emotion_tl.files import read_json, write_json
from emotion_tl.tuning.activity import active_parameters
from emotion_tl.tuning.space_checks import TRIAL_COLUMNS
from emotion_tl.tuning_config import SpaceConfig

ORACLE_FOLDER = "oracle"
RESULT_FILE = "result.json"

# KerasTuner's names for the budget of a trial of Hyperband.
EPOCHS = "tuner/epochs"
CONTINUED_TRIAL = "tuner/trial_id"


@dataclass(frozen=True)
class TrialResult:
    """What a trial came to.

    Attributes:
        status: "finished" or "failed".
        value: of the objective, at its best epoch.
        epochs: trained so far, over all phases.
        seconds: of the training, without what it continues.
        reason: why it failed.
        run_id: its MLflow run.
    """

    status: str
    value: float | None = None
    epochs: int | None = None
    seconds: float | None = None
    reason: str | None = None
    run_id: str | None = None


class SearchFolder:
    """Knows where the parts of a search lie."""

    def __init__(self, path: Path):
        """Takes the folder, which need not be there yet."""
        self.path = path

    def trial(self, trial_id: str) -> Path:
        """Returns the folder of a trial."""
        return self.path / "trials" / trial_id

    def worker_log(self, name: str) -> Path:
        """Returns the file that gets what a worker writes to the terminal."""
        return self.path / "workers" / f"{name}.log"

    def write_result(self, trial_id: str, result: TrialResult) -> None:
        """Notes what a trial came to."""
        self.trial(trial_id).mkdir(parents=True, exist_ok=True)
        write_json(self.trial(trial_id) / RESULT_FILE, asdict(result))

    def read_result(self, trial_id: str) -> TrialResult | None:
        """Returns what a trial came to; None where it has not ended."""
        file = self.trial(trial_id) / RESULT_FILE
        return TrialResult(**read_json(file)) if file.is_file() else None

    def table(self, trials: Mapping[str, Mapping[str, Any]], space: SpaceConfig) -> pd.DataFrame:
        """Returns the trials of a search, a row each in the order of their start.

        Args:
            trials: values of the parameters by the ids of the trials, as KerasTuner has them.
            space: what is searched.
        """
        rows = []
        for number, (trial_id, values) in enumerate(trials.items()):
            result = self.read_result(trial_id) or TrialResult("running")
            row = {"number": number, "trial_id": trial_id, **asdict(result)}
            row["value"] = np.nan if result.value is None else result.value
            rows.append(row | active_values(space, values))
        return pd.DataFrame(rows, columns=[*TRIAL_COLUMNS, *space.parameters])


def active_values(space: SpaceConfig, values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values of the parameters a trial has."""
    return {name: values[name] for name in active_parameters(space, values)}
