"""Checks a study before its first job, without Keras: the study by itself, and the experiment of each job."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from emotion_tl.config import Compose, ExperimentConfig, to_plain
from emotion_tl.errors import ConfigurationError
from emotion_tl.identity import hash_content, may_have_effect, settings_with_effect
from emotion_tl.override_text import key_of, value_text
from emotion_tl.studies.plan import PlannedJob, concerns
from emotion_tl.study_config import SEED, GridConfig, StudyConfig
from emotion_tl.validation import NAME, check_experiment_config

Rule = tuple[bool, str, str, object]


def check_study(study: StudyConfig, given: Sequence[str], source: str) -> None:
    """Checks everything that can be known to be wrong with a study without looking at what its keys mean.

    Args:
        study: what the file and the command line say.
        given: overrides that the user gave for all jobs, but for those of the seed and of keys of the grid.
        source: the file of the study, for the messages.

    Raises:
        ConfigurationError: naming the file and the entry, what was expected and what came.
    """
    # One after the other: a rule may rest on those before it.
    for rules in (study_rules(study), arm_rules(study, given), grid_rules(study)):
        for is_valid, place, expected, received in rules:
            if not is_valid:
                raise ConfigurationError(f"{source}: {place}: expected {expected}. Received: {received}")


def study_rules(study: StudyConfig) -> Iterator[Rule]:
    """Yields (whether it is valid, where, what is expected, what came) for a study as a whole."""
    yield NAME.fullmatch(study.name) is not None, "name", "letters, digits and any of _.+-", study.name
    yield bool(study.arms), "arms", "at least one arm", "none"
    yield study.baseline in study.arms, "baseline", f"one of the arms {', '.join(study.arms)}", study.baseline
    yield bool(study.seeds), "seeds", "at least one seed", "none"
    yield len(set(study.seeds)) == len(study.seeds), "seeds", "seeds that differ", value_text(study.seeds)
    yield SEED not in map(key_of, study.settings), f"settings.{SEED}", "seeds: [...] in its place", SEED


def arm_rules(study: StudyConfig, given: Sequence[str]) -> Iterator[Rule]:
    """Yields the rules of the arms."""
    overrides = {key_of(override): override for override in given}
    for name, arm in study.arms.items():
        place = f"arm {name}"
        yield NAME.fullmatch(name) is not None, place, "a name of letters, digits and any of _.+-", name
        for key in map(key_of, arm):
            yield key != SEED, place, "seeds: [...] of the study in place of a seed of the arm", key
            expected = f"no other {key}, which the arm sets. Change the arm: '+study.arms.{name}={{{key}:...}}'"
            yield key not in overrides, place, expected, overrides.get(key)


def grid_rules(study: StudyConfig) -> Iterator[Rule]:
    """Yields the rules of the grid."""
    for name, entry in study.grid.items():
        place = f"grid {name} ({entry.key})"
        texts = [value_text(choice) for choice in entry.choices]
        yield entry.key != SEED, place, "seeds: [...] of the study in its place", entry.key
        yield bool(texts), place, "at least one choice", "none"
        yield len(set(texts)) == len(texts), place, "choices that differ", ", ".join(texts)
        for arm in entry.arms or []:
            yield arm in study.arms, place, f"arms among {', '.join(study.arms)}", arm
        for arm, settings in study.arms.items():
            is_free = not concerns(entry, arm) or entry.key not in map(key_of, settings)
            yield is_free, place, f"a key that arm {arm} does not set itself", entry.key
    for (first, one), (second, other) in combinations(study.grid.items(), 2):
        yield not overlap(study, one, other), f"grid {second} ({other.key})", f"another key than {first}", other.key


def overlap(study: StudyConfig, first: GridConfig, second: GridConfig) -> bool:
    """Returns whether some arm would get two values of the same key."""
    return first.key == second.key and any(concerns(first, arm) and concerns(second, arm) for arm in study.arms)


def check_jobs(jobs: Sequence[PlannedJob], compose: Compose, source: str) -> list[ExperimentConfig]:
    """Returns the experiment of each job.

    Args:
        jobs: of a study that passed `check_study`.
        compose: returns the experiment of some overrides.
        source: the file of the study, for the messages.

    Raises:
        ConfigurationError: naming the file and the arm, where an experiment cannot be composed or run, two of them are
            the same, or they are of different data sets.
    """
    variants: dict[str, ExperimentConfig] = {}
    experiments = []
    for job in jobs:
        try:
            # Two seeds differ in the seed alone, and Hydra takes a tenth of a second for a configuration.
            known = variants.get(job.variant)
            experiment = compose(job.overrides) if known is None else replace(known, seed=job.seed)
            check_experiment_config(experiment)
        except ConfigurationError as error:
            raise ConfigurationError(f"{source}: arm {job.variant}: {error}") from error
        variants.setdefault(job.variant, experiment)
        experiments.append(experiment)
    check_distinct(variants, source)
    return experiments


def check_distinct(variants: dict[str, ExperimentConfig], source: str) -> None:
    """Checks that no two arms are the same experiment, and that all are of one data set."""
    known: dict[str, str] = {}
    first = next(iter(variants))
    for name, experiment in variants.items():
        same = known.setdefault(hash_content(settings_with_effect(to_plain(experiment), may_have_effect)), name)
        if same != name:
            raise ConfigurationError(
                f"{source}: arm {name}: expected another experiment than arm {same}. It is the same."
            )
        expected, received = variants[first].data.name, experiment.data.name
        if expected != received:
            raise ConfigurationError(
                f"{source}: arm {name}: expected the data set of arm {first}, {expected}, or their figures cannot be "
                f"compared. Received: {received}"
            )
