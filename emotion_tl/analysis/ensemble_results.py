"""What several models give together, beside the best of them alone."""

from dataclasses import dataclass

from emotion_tl.analysis.comparison import Comparison, ModelResult, best_on_val
from emotion_tl.analysis.ensembles import Ensemble, plain_vote, soft_vote, stack
from emotion_tl.analysis.family import CorrectedComparison, correct_family
from emotion_tl.analysis.pairs import compare_predictions, summarise
from emotion_tl.analysis.seed_summary import SeedSummary
from emotion_tl.command_config import CompareConfig
from emotion_tl.errors import DataError

# Below it a model is named among the weights only by its absence.
SMALLEST_WEIGHT = 0.005


@dataclass(frozen=True, eq=False)
class EnsembleResult:
    """An ensemble on test.

    Attributes:
        name: how the models are put together.
        summary: its figures on all test images.
        leak_free_summary: on those without a copy in train or val; None where none, or all, have one.
        best_alone: the name of the model that is best on val.
        pair: how it stands to that model.
        weights: model -> its share; empty where there are no such shares.
    """

    name: str
    summary: SeedSummary
    leak_free_summary: SeedSummary | None
    best_alone: str
    pair: CorrectedComparison
    weights: dict[str, float]

    @property
    def told_weights(self) -> str | None:
        """Returns the weights, the largest first; None where there are none."""
        ranked = sorted(self.weights.items(), key=lambda item: -item[1])
        return ", ".join(f"{name} {weight:.0%}" for name, weight in ranked if weight >= SMALLEST_WEIGHT) or None


@dataclass(frozen=True, eq=False)
class Ensembles:
    """The ensembles of a comparison.

    Attributes:
        results: an ensemble each; none of fewer than two models.
        not_stacked: why the stacked classifier is not among them; None where it is, or nothing was tried.
    """

    results: tuple[EnsembleResult, ...] = ()
    not_stacked: str | None = None


def try_ensembles(comparison: Comparison) -> Ensembles:
    """Returns the ensembles of the models that learnt from the same images as the baseline."""
    members = members_of(comparison)
    if len(members) < 2:
        return Ensembles()
    best = best_on_val(members)
    val, test = [result.model.val for result in members], [result.model.test for result in members]
    ensembles = [plain_vote(test), soft_vote(val, test)]
    not_stacked = None
    # It takes two val images of each class to choose its regularisation.
    try:
        ensembles.append(stack(val, test))
    except DataError as error:
        not_stacked = str(error)
    comparisons = {
        ensemble.name: compare_predictions(ensemble.test, best.model.test, comparison.config) for ensemble in ensembles
    }
    corrected = correct_family(comparisons)
    results = [result_of(ensemble, best.name, corrected[ensemble.name], comparison.config) for ensemble in ensembles]
    return Ensembles(tuple(results), not_stacked)


def result_of(ensemble: Ensemble, best_alone: str, pair: CorrectedComparison, config: CompareConfig) -> EnsembleResult:
    """Returns an ensemble with its figures; which images have a copy is the same for all its members."""
    return EnsembleResult(ensemble.name, *summarise(ensemble.test, config), best_alone, pair, ensemble.weights or {})


def members_of(comparison: Comparison) -> list[ModelResult]:
    """Returns the models that learnt from the images of the baseline, or where there is none of the best by val."""
    best = best_on_val(comparison.results)
    reference = comparison.result_of(comparison.baseline) if comparison.baseline else best
    images = reference.model.tags.get("dataset_fingerprint")
    return [result for result in comparison.results if result.model.tags.get("dataset_fingerprint") == images]
