"""Models side by side: what each is worth, and what its difference to the baseline is worth."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from emotion_tl.analysis.compared_model import ComparedModel, best_on_val_first, configured_key, group_runs
from emotion_tl.analysis.family import CorrectedComparison
from emotion_tl.analysis.pairs import compare_family, summarise
from emotion_tl.analysis.seed_summary import SeedSummary
from emotion_tl.analysis.stages import is_from_scratch
from emotion_tl.analysis.wording import told_count
from emotion_tl.command_config import CompareConfig
from emotion_tl.tracking.run_record import RunRecord
from emotion_tl.tracking.runs import FALLBACK_WEIGHTS

DEFAULT_BASELINE = "baseline_cnn"


@dataclass(frozen=True, eq=False)
class ModelResult:
    """One model: its figures on test, and how it stands to the baseline.

    Attributes:
        model: with its runs.
        summary: on all test images.
        leak_free_summary: on those without a copy in train or val; None where none, or all, have one.
        corrected: the comparison with the baseline that learnt from the same images, and its verdict after the
            correction over all comparisons; None where there is no such baseline, or this is it.
    """

    model: ComparedModel
    summary: SeedSummary
    leak_free_summary: SeedSummary | None
    corrected: CorrectedComparison | None

    @property
    def name(self) -> str:
        """Returns what the model is called."""
        return self.model.name

    @property
    def baseline(self) -> str | None:
        """Returns the name of the baseline that it was compared with; None without one."""
        return self.corrected.comparison.baseline if self.corrected else None


@dataclass(frozen=True, eq=False)
class Comparison:
    """What was compared, and what came of it.

    Attributes:
        title: of the study or the experiment.
        results: a model each, the highest mean accuracy on test first.
        baseline: the name of the baseline on all training images; None where there is none.
        warnings: what keeps a reader from a wrong conclusion.
        config: how the intervals were computed.
    """

    title: str
    results: tuple[ModelResult, ...]
    baseline: str | None
    warnings: tuple[str, ...]
    config: CompareConfig

    @property
    def models(self) -> list[ComparedModel]:
        """Returns the models in the order of the results."""
        return [result.model for result in self.results]

    def is_baseline(self, name: str) -> bool:
        """Returns whether a model is the baseline of others; each share of the images, say, has its own."""
        return name == self.baseline or any(result.baseline == name for result in self.results)

    def is_against_scratch(self, result: ModelResult) -> bool:
        """Returns whether a model was compared with a baseline that is trained from scratch."""
        return result.baseline is not None and is_from_scratch(self.result_of(result.baseline).model)

    def result_of(self, name: str) -> ModelResult:
        """Returns the result of a model by its name."""
        return next(result for result in self.results if result.name == name)


def best_on_val(results: Sequence[ModelResult]) -> ModelResult:
    """Returns the one of several models that is called the best: by val, because test may not choose."""
    best = best_on_val_first([result.model for result in results])[0]
    return next(result for result in results if result.model is best)


def compare_records(
    records: Sequence[RunRecord], config: CompareConfig, title: str, names: dict[str, str] | None = None
) -> Comparison:
    """Groups runs into models and compares each with the baseline that learnt from the same images.

    Args:
        records: finished runs, the latest first.
        names: run id -> what its model is called, where a study names them.
    """
    models, warnings = keep_comparable(group_runs(records, names), config)
    baselines = find_baselines(best_on_val_first(models), config)
    candidates = {model: baselines_of(model, baselines) for model in models}
    corrected = compare_family({model.name: (model, found[0]) for model, found in candidates.items() if found}, config)
    results = [ModelResult(model, *summarise(model.test, config), corrected.get(model.name)) for model in models]
    results.sort(key=lambda result: -result.summary.accuracy.mean)
    warnings += baseline_warnings(candidates.values())
    if not baselines:
        warnings.append(f"No finished run of the baseline {wanted_baseline(config)}: nothing to compare with.")
    return Comparison(title, tuple(results), baselines[0].name if baselines else None, tuple(warnings), config)


def keep_comparable(models: list[ComparedModel], config: CompareConfig) -> tuple[list[ComparedModel], list[str]]:
    """Returns the models tested on the images of the baseline, or of the latest run, and warnings about the others."""
    reference = (find_baselines(models, config) or models)[0].tags.get("test_fingerprint")
    kept = [model for model in models if model.tags.get("test_fingerprint") == reference]
    others = [model.name for model in models if model not in kept]
    warnings = [f"{name} was tested on other images and is left out." for name in others]
    warnings += [
        f"{model.name} ran with RANDOM weights, because the pretrained ones could not be had: it says nothing about "
        "transfer."
        for model in kept
        if model.tags.get("weights") == FALLBACK_WEIGHTS
    ]
    return kept, warnings + repetition_warnings(kept) + inputs_warnings(kept)


def repetition_warnings(models: Sequence[ComparedModel]) -> list[str]:
    """Returns a warning for each model of which a seed was run more than once."""
    return [
        f"{model.name}: of several runs of a seed the latest counts. Left out: "
        f"{', '.join(f'{run.run_id} (seed {run.seed})' for run in model.earlier)}."
        for model in models
        if model.earlier
    ]


def inputs_warnings(models: Sequence[ComparedModel]) -> list[str]:
    """Returns a warning for each group of models that differ in nothing but what they were fed."""
    groups: dict[str, list[ComparedModel]] = {}
    for model in models:
        groups.setdefault(configured_key(model.runs[0]), []).append(model)
    return [
        f"{' and '.join(f'{model.name} ({model.inputs})' for model in group)} differ in nothing but what their phases "
        "were fed, and are not taken for seeds of one model. Where images were fed though trainer.cache=auto, the disk "
        "was full or trainer.cache_size_limit too low."
        for group in groups.values()
        if len(group) > 1
    ]


def wanted_baseline(config: CompareConfig) -> str:
    """Returns the name of the baseline that is asked for."""
    return config.baseline or DEFAULT_BASELINE


def find_baselines(models: Sequence[ComparedModel], config: CompareConfig) -> list[ComparedModel]:
    """Returns the models that are the baseline by name, or else by backbone, those on most training images first.

    Of those on as many they stand in the order of `models`.
    """
    wanted = wanted_baseline(config)
    # A study tells the variants of an arm apart by what stands after a comma.
    ways = (
        lambda model: model.name,
        lambda model: model.name.split(", ")[0],
        lambda model: model.settings["backbone"]["name"],
    )
    found = ([model for model in models if way(model) == wanted] for way in ways)
    baselines = next((models for models in found if models), [])
    return sorted(baselines, key=lambda model: -model.train_fraction)


def baselines_of(model: ComparedModel, baselines: Sequence[ComparedModel]) -> list[ComparedModel]:
    """Returns the baselines that learnt from the same images as a model, in their order; none where it is one of them.

    Of several those count whose other settings are those of the model, as far as the names tell.
    """
    found = [
        other for other in baselines if other.tags.get("dataset_fingerprint") == model.tags.get("dataset_fingerprint")
    ]
    if model in found:
        return []
    own = model.name.partition(", ")[2]
    return [other for other in found if other.name.partition(", ")[2] == own] or found


def baseline_warnings(candidates: Iterable[Sequence[ComparedModel]]) -> list[str]:
    """Returns a warning for each baseline that was chosen among several; `candidates` are those of each model."""
    several = Counter(tuple(other.name for other in found) for found in candidates if len(found) > 1)
    return [
        f"{told_count(count, 'model')} compared with {names[0]}: of {len(names)} baselines the best on val. "
        f"baseline=<name> takes another: {'; '.join(names[1:])}."
        for names, count in several.items()
    ]
