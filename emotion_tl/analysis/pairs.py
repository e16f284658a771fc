"""Models summarised and compared with the settings of a comparison, and families of pairs with one level for all."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from emotion_tl.analysis.compared_model import ComparedModel
from emotion_tl.analysis.family import CorrectedComparison, Name, correct_family
from emotion_tl.analysis.leak_free import both_without_copies, without_copies
from emotion_tl.analysis.model_comparison import ModelComparison, compare_models
from emotion_tl.analysis.model_predictions import ModelPredictions
from emotion_tl.analysis.seed_summary import SeedSummary, summarise_seeds
from emotion_tl.command_config import CompareConfig


def summarise(test: ModelPredictions, config: CompareConfig) -> tuple[SeedSummary, SeedSummary | None]:
    """Returns the figures on all test images and on those without a copy in train or val; None where these say none."""
    told = partial(
        summarise_seeds,
        num_resamples=config.num_bootstrap_resamples,
        confidence_level=config.confidence_level,
        seed=config.seed,
    )
    leak_free = without_copies(test)
    return told(test), told(leak_free) if leak_free else None


def compare_predictions(candidate: ModelPredictions, other: ModelPredictions, config: CompareConfig) -> ModelComparison:
    """Returns how a candidate stands to another model on the same images."""
    return compare_models(
        candidate,
        other,
        num_resamples=config.num_bootstrap_resamples,
        confidence_level=config.confidence_level,
        seed=config.seed,
    )


def compare_family(
    pairs: Mapping[Name, tuple[ComparedModel, ComparedModel]], config: CompareConfig
) -> dict[Name, CorrectedComparison]:
    """Compares pairs of models on test and without the copies; p-values are corrected over all pairs together.

    Args:
        pairs: name -> (candidate, the other).
    """
    comparisons = {name: compare_predictions(a.test, b.test, config) for name, (a, b) in pairs.items()}
    corrected = correct_family(comparisons)
    return {
        name: replace(corrected[name], leak_free=compare_without_copies(a.test, b.test, config))
        for name, (a, b) in pairs.items()
    }


def compare_without_copies(
    candidate: ModelPredictions, other: ModelPredictions, config: CompareConfig
) -> ModelComparison | None:
    """Returns the comparison on the images of which neither model has a copy; None where there are none, or all are."""
    kept = both_without_copies(candidate, other)
    return compare_predictions(*kept, config) if kept else None
