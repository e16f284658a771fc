"""What several models give together, beside the best of them alone."""

from contextlib import suppress
from dataclasses import dataclass

from emotion_tl.analysis.comparison import Comparison, ModelResult, best_on_val
from emotion_tl.analysis.ensembles import Ensemble, plain_vote, soft_vote, stack
from emotion_tl.analysis.family import CorrectedComparison, correct_family
from emotion_tl.analysis.pairs import compare_predictions
from emotion_tl.analysis.seed_summary import SeedSummary, summarise_seeds
from emotion_tl.errors import DataError

# Below it a model is named among the weights only by its absence.
SMALLEST_WEIGHT = 0.005


@dataclass(frozen=True, eq=False)
class EnsembleResult:
    """An ensemble on test.

    Attributes:
        name: how the models are put together.
        summary: its figures.
        best_alone: the name of the model that is best on val.
        pair: how it stands to that model.
        weights: model -> its share; empty where there are no such shares.
    """

    name: str
    summary: SeedSummary
    best_alone: str
    pair: CorrectedComparison
    weights: dict[str, float]

    @property
    def told_weights(self) -> str | None:
        """Returns the weights, the largest first; None where there are none."""
        ranked = sorted(self.weights.items(), key=lambda item: -item[1])
        return ", ".join(f"{name} {weight:.0%}" for name, weight in ranked if weight >= SMALLEST_WEIGHT) or None


def try_ensembles(comparison: Comparison) -> list[EnsembleResult]:
    """Returns the ensembles of the models that learnt from the same images as the baseline; none of fewer than two."""
    members = members_of(comparison)
    if len(members) < 2:
        return []
    best = best_on_val(members)
    val, test = [result.model.val for result in members], [result.model.test for result in members]
    ensembles = [plain_vote(test), soft_vote(val, test)]
    # It takes two val images of each class to choose its regularisation.
    with suppress(DataError):
        ensembles.append(stack(val, test))
    comparisons = {
        ensemble.name: compare_predictions(ensemble.test, best.model.test, comparison.config) for ensemble in ensembles
    }
    corrected = correct_family(comparisons)
    return [
        EnsembleResult(
            ensemble.name,
            summarise(ensemble, comparison),
            best.name,
            corrected[ensemble.name],
            ensemble.weights or {},
        )
        for ensemble in ensembles
    ]


def members_of(comparison: Comparison) -> list[ModelResult]:
    """Returns the models that learnt from the images of the baseline, or where there is none of the best by val."""
    best = best_on_val(comparison.results)
    reference = comparison.result_of(comparison.baseline) if comparison.baseline else best
    images = reference.model.tags.get("dataset_fingerprint")
    return [result for result in comparison.results if result.model.tags.get("dataset_fingerprint") == images]


def summarise(ensemble: Ensemble, comparison: Comparison) -> SeedSummary:
    """Returns the figures of an ensemble."""
    config = comparison.config
    return summarise_seeds(
        ensemble.test,
        num_resamples=config.num_bootstrap_resamples,
        confidence_level=config.confidence_level,
        seed=config.seed,
    )
