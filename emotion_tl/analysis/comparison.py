"""Models side by side: what each is worth, and what its difference to the baseline is worth."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from emotion_tl.analysis.compared_model import ComparedModel, configured_key, group_runs
from emotion_tl.analysis.family import CorrectedComparison, correct_family
from emotion_tl.analysis.leak_free import without_copies
from emotion_tl.analysis.model_comparison import ModelComparison
from emotion_tl.analysis.pairs import compare_predictions
from emotion_tl.analysis.seed_summary import SeedSummary, summarise_seeds
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
        baseline: the name of the baseline that learnt from the same images; None where there is none, or this is it.
        comparison: with the baseline.
        leak_free_comparison: with the baseline, on the test images without a copy.
        corrected: the comparison with its verdict, after the correction over all comparisons; None without one.
    """

    model: ComparedModel
    summary: SeedSummary
    leak_free_summary: SeedSummary | None
    baseline: str | None = None
    comparison: ModelComparison | None = None
    leak_free_comparison: ModelComparison | None = None
    corrected: CorrectedComparison | None = None

    @property
    def name(self) -> str:
        """Returns what the model is called."""
        return self.model.name


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

    def result_of(self, name: str) -> ModelResult:
        """Returns the result of a model by its name."""
        return next(result for result in self.results if result.name == name)


def compare_records(
    records: Sequence[RunRecord], config: CompareConfig, title: str, names: dict[str, str] | None = None
) -> Comparison:
    """Groups runs into models and compares each with the baseline that learnt from the same images.

    Args:
        records: finished runs, the latest first.
        names: run id -> what its model is called, where a study names them.
    """
    models, warnings = keep_comparable(group_runs(records, names), config)
    summarise = partial(
        summarise_seeds,
        num_resamples=config.num_bootstrap_resamples,
        confidence_level=config.confidence_level,
        seed=config.seed,
    )
    results = []
    for model in models:
        leak_free = without_copies(model.test)
        results.append(ModelResult(model, summarise(model.test), summarise(leak_free) if leak_free else None))
    results.sort(key=lambda result: -result.summary.accuracy.mean)
    compared = [
        compare_with_baseline(result, find_baseline(result.model, models, config), config) for result in results
    ]
    baseline = find_baselines(models, config)
    if not baseline:
        warnings.append(f"No finished run of the baseline {wanted_baseline(config)}: nothing to compare with.")
    return Comparison(title, with_verdicts(compared), baseline[0].name if baseline else None, tuple(warnings), config)


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
    return kept, warnings + inputs_warnings(kept)


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
    """Returns the models that are the baseline by name, or else by backbone, those on most training images first."""
    wanted = wanted_baseline(config)
    # A study tells the variants of an arm apart by what stands after a comma.
    ways = (
        lambda model: model.name,
        lambda model: model.name.split(", ")[0],
        lambda model: model.settings["backbone"]["name"],
    )
    found = ([model for model in models if way(model) == wanted] for way in ways)
    baselines = next((models for models in found if models), [])
    return sorted(baselines, key=lambda model: -float(model.settings["data"].get("train_fraction", 1.0)))


def find_baseline(model: ComparedModel, models: Sequence[ComparedModel], config: CompareConfig) -> ComparedModel | None:
    """Returns the baseline that learnt from the same images as a model; None where there is none, or this is it."""
    same_images = [
        other
        for other in find_baselines(models, config)
        if other.tags.get("dataset_fingerprint") == model.tags.get("dataset_fingerprint")
    ]
    if not same_images or model in same_images:
        return None
    # Of several the one whose other settings are those of the model, as far as the names tell.
    own = model.name.partition(", ")[2]
    return next((other for other in same_images if other.name.partition(", ")[2] == own), same_images[0])


def compare_with_baseline(result: ModelResult, baseline: ComparedModel | None, config: CompareConfig) -> ModelResult:
    """Returns the result with its comparisons, where there is a baseline."""
    if baseline is None:
        return result
    candidate, reference = without_copies(result.model.test), without_copies(baseline.test)
    return replace(
        result,
        baseline=baseline.name,
        comparison=compare_predictions(result.model.test, baseline.test, config),
        leak_free_comparison=compare_predictions(candidate, reference, config) if candidate and reference else None,
    )


def with_verdicts(results: Sequence[ModelResult]) -> tuple[ModelResult, ...]:
    """Returns the results with the verdicts, whose p-values are corrected over all comparisons together."""
    compared = {result.name: result.comparison for result in results if result.comparison is not None}
    corrected = correct_family(compared)
    return tuple(replace(result, corrected=corrected.get(result.name)) for result in results)
