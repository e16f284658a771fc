"""The folder of a search: what it is about, its trials, and what they came to."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emotion_tl.config import to_plain
from emotion_tl.errors import ConfigurationError
from emotion_tl.identity import hash_content
from emotion_tl.tuning.activity import active_parameters
from emotion_tl.tuning.files import read_json, write_json
from emotion_tl.tuning.space_checks import TRIAL_COLUMNS
from emotion_tl.tuning_config import SpaceConfig, TuneConfig

ORACLE_FOLDER = "oracle"
SEARCH_FILE = "search.json"
# Settings of a search that change nothing in a trial that was run: it may go on with others.
MAY_CHANGE = ("max_trials",)
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


def open_search(config: TuneConfig, overrides: Sequence[str], dataset_fingerprint: str) -> tuple[str, "SearchFolder"]:
    """Returns the name of a search, and its folder, where it may have been begun.

    A search without a name is known by what it is about, so that the same command goes on with it.

    Args:
        config: of the search.
        overrides: what the user has fixed of the experiment.
        dataset_fingerprint: of the images.

    Raises:
        ConfigurationError: where another search has the name.
    """
    settings = to_plain(config)
    tuner = {key: value for key, value in settings["tuner"].items() if key not in MAY_CHANGE}
    about = {"tuner": tuner, "fixed": sorted(overrides), "dataset": dataset_fingerprint}
    key = hash_content(about)
    name = config.tune.name or f"{config.data.name}-{config.tuner.space.name}-{config.tuner.name}-{key[:8]}"
    folder = SearchFolder((Path(config.tune.output_dir).expanduser() / name).absolute())
    file = folder.path / SEARCH_FILE
    if file.is_file() and read_json(file)["key"] != key:
        raise ConfigurationError(
            f"tune.name: {name} is another search, over other settings, in {folder.path}: {SEARCH_FILE} says which. "
            "Choose another name, or delete the folder."
        )
    folder.path.mkdir(parents=True, exist_ok=True)
    write_json(file, {"key": key, **about})
    return name, folder


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
