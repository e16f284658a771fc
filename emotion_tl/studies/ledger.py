"""Which jobs of a study earlier runs can stand for, asked before the first of them starts."""

from collections.abc import Sequence
from pathlib import Path

from emotion_tl.config import DataConfig, ExperimentConfig
from emotion_tl.data.dataset import load_dataset
from emotion_tl.errors import EmotionTLError
from emotion_tl.identity import known_identities
from emotion_tl.studies.plan import PlannedJob
from emotion_tl.sweeps.job import Job, find_outcome
from emotion_tl.sweeps.outcome import JobOutcome
from emotion_tl.tracking.runs import has_experiment


def find_outcomes(jobs: Sequence[PlannedJob], experiments: Sequence[ExperimentConfig]) -> list[JobOutcome]:
    """Returns the outcomes of earlier runs that sweep.rerun lets stand for jobs of the study.

    Raises:
        ConfigurationError: where the store cannot be reached.
    """
    first = experiments[0]
    # The images need not be read where there is nothing to find.
    if not has_experiment(first.tracking, first.tracking.experiment_name or first.data.name):
        return []
    fingerprints: dict[str, str | None] = {}
    found = []
    for planned, experiment in zip(jobs, experiments, strict=True):
        data = repr(experiment.data)
        if data not in fingerprints:
            fingerprints[data] = read_fingerprint(experiment.data, Path(experiment.cache_dir))
        outcome = look_up(planned, experiment, fingerprints[data])
        found.extend([] if outcome is None else [outcome])
    return found


def read_fingerprint(data: DataConfig, cache: Path) -> str | None:
    """Returns the fingerprint of a data set; None where it cannot be read, which its jobs will tell."""
    try:
        return load_dataset(data, cache).fingerprint
    except EmotionTLError:
        return None


def look_up(planned: PlannedJob, experiment: ExperimentConfig, fingerprint: str | None) -> JobOutcome | None:
    """Returns the outcome of an earlier run of a job; None where it is to be run."""
    if fingerprint is None:
        return None
    job = Job(planned.number, planned.overrides, Path(), experiment.tracking, experiment.data.name)
    return find_outcome(job, experiment, known_identities(experiment, fingerprint))
