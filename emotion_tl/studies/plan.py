"""The jobs of a study: each arm with each value of the grid and each seed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from emotion_tl.override_text import key_of, override_text, shared_overrides, value_text
from emotion_tl.study_config import SEED, GridConfig, StudyConfig


@dataclass(frozen=True)
class PlannedJob:
    """One job of a study.

    Attributes:
        number: counted from 0.
        arm: name of the arm.
        seed: of the run.
        settings: the values of the grid by their keys.
        overrides: what makes the job on the command line of `train`.
    """

    number: int
    arm: str
    seed: int
    settings: dict[str, Any]
    overrides: list[str]

    @property
    def variant(self) -> str:
        """Returns the arm with its values of the grid: what is run with several seeds."""
        return variant_name(self.arm, self.settings)

    @property
    def label(self) -> str:
        """Returns what tells the job from the others of its study."""
        return f"{self.variant}, seed {self.seed}"


def variant_name(arm: str, settings: Mapping[str, Any]) -> str:
    """Returns the name of an arm with its values of the grid."""
    return ", ".join([arm, *(f"{key}={value_text(value)}" for key, value in settings.items())])


def plan_jobs(study: StudyConfig, fixed: list[str], swept: Mapping[str, list[Any]]) -> list[PlannedJob]:
    """Returns the jobs of a study, the first seed of all arms before the second of any, so that they compare early.

    Args:
        study: one that passed `check_study`.
        fixed: overrides that the user gave for all jobs; they win over what the study says.
        swept: keys to which the user gave values of their own. They take the place of the seeds, or of the choices of a
            grid with that key, and multiply all arms otherwise.
    """
    variants = list(arms_with_settings(study, swept))
    jobs: list[PlannedJob] = []
    for seed in swept.get(SEED, study.seeds):
        for arm, settings in variants:
            own = {**study.settings, **study.arms[arm]}
            overrides = merge_overrides([*as_overrides(own), *fixed, *as_overrides({**settings, SEED: seed})])
            jobs.append(PlannedJob(len(jobs), arm, seed, settings, overrides))
    return jobs


def arms_with_settings(study: StudyConfig, swept: Mapping[str, list[Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields each arm with each combination of those entries of the grid that are about it."""
    grid = full_grid(study, swept)
    seen: set[str] = set()
    for values in product(*(entry.choices for entry in grid)):
        for arm in study.arms:
            own = {entry.key: value for entry, value in zip(grid, values, strict=True) if concerns(entry, arm)}
            name = variant_name(arm, own)
            if name not in seen:
                seen.add(name)
                yield arm, own


def full_grid(study: StudyConfig, swept: Mapping[str, list[Any]]) -> list[GridConfig]:
    """Returns the grid with the values that the user gave."""
    grid = [replace(entry, choices=swept.get(entry.key, entry.choices)) for entry in study.grid.values()]
    known = {SEED, *(entry.key for entry in grid)}
    return grid + [GridConfig(key, choices) for key, choices in swept.items() if key not in known]


def concerns(entry: GridConfig, arm: str) -> bool:
    """Returns whether an arm is multiplied with an entry of the grid."""
    return entry.arms is None or arm in entry.arms


def as_overrides(settings: Mapping[str, Any]) -> list[str]:
    """Returns settings as overrides of the command line."""
    return [override_text(key, value) for key, value in settings.items()]


def merge_overrides(overrides: Iterable[str]) -> list[str]:
    """Returns the overrides with the last one of each key alone, in its place."""
    merged: dict[str, str] = {}
    for override in overrides:
        merged.pop(key_of(override), None)
        merged[key_of(override)] = override
    return list(merged.values())


def own_overrides(job: PlannedJob, jobs: Sequence[PlannedJob]) -> list[str]:
    """Returns the overrides of a job that make its arm: those without its seed that not all jobs share."""
    shared = shared_overrides([other.overrides for other in jobs])
    return [text for text in job.overrides if key_of(text) != SEED and text not in shared]
