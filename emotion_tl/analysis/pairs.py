"""Two models compared with the settings of a comparison, and families of such pairs with one level for all of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from emotion_tl.analysis.compared_model import ComparedModel
from emotion_tl.analysis.family import Verdict, correct_family
from emotion_tl.analysis.model_comparison import ModelComparison, compare_models
from emotion_tl.analysis.model_predictions import ModelPredictions
from emotion_tl.command_config import CompareConfig


@dataclass(frozen=True, eq=False)
class ComparedPair:
    """How a candidate stands to another model on the same test images.

    Attributes:
        comparison: candidate minus the other.
        verdict: with the p-value corrected over the family that the pair belongs to.
    """

    comparison: ModelComparison
    verdict: Verdict


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
    pairs: Mapping[str, tuple[ComparedModel, ComparedModel]], config: CompareConfig
) -> dict[str, ComparedPair]:
    """Compares pairs of models on test, with the p-values corrected over all of them together.

    Args:
        pairs: name -> (candidate, the other).
    """
    comparisons = {name: compare_predictions(a.test, b.test, config) for name, (a, b) in pairs.items()}
    verdicts = correct_family(comparisons, config.confidence_level)
    return {name: ComparedPair(comparison, verdicts[name]) for name, comparison in comparisons.items()}
