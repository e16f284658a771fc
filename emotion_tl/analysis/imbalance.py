"""Which treatment of class imbalance is best for what: accuracy, macro-F1, or the recall of the rarest class."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from emotion_tl.analysis.comparison import Comparison, ModelResult
from emotion_tl.analysis.model_comparison import ModelComparison
from emotion_tl.analysis.paired import Difference
from emotion_tl.analysis.pairs import ComparedPair, compare_family
from emotion_tl.analysis.variants import Variants, over_imbalance_treatments

UNTREATED = "none"


@dataclass(frozen=True, eq=False)
class Treatments:
    """The treatments of one model.

    Attributes:
        name: of the model.
        results: treatment -> its figures, the untreated one included where it was trained.
        against_untreated: treatment -> how it stands to the untreated model; empty where that was not trained.
        rare_class: the class with the fewest test images.
    """

    name: str
    results: Mapping[str, ModelResult]
    against_untreated: Mapping[str, ComparedPair]
    rare_class: str


def find_treatments(comparison: Comparison) -> list[Treatments]:
    """Returns the models that were trained under two or more treatments."""
    return [compare_treatments(variants, comparison) for variants in over_imbalance_treatments(comparison.models)]


def compare_treatments(variants: Variants, comparison: Comparison) -> Treatments:
    """Compares each treatment with none."""
    models = dict(variants.members)
    test = next(iter(models.values())).test
    counts = np.bincount(test.labels, minlength=len(test.class_names))
    untreated = models.get(UNTREATED)
    pairs = {name: (model, untreated) for name, model in models.items() if untreated and model is not untreated}
    return Treatments(
        variants.name,
        {name: comparison.result_of(model.name) for name, model in models.items()},
        compare_family(pairs, comparison.config),
        test.class_names[int(np.where(counts > 0, counts, counts.max() + 1).argmin())],
    )


def rare_recall(treatments: Treatments, name: str) -> float:
    """Returns the recall of the rarest class under a treatment, the mean over the seeds."""
    return treatments.results[name].summary.class_recall[treatments.rare_class]


def rare_recall_gain(treatments: Treatments, comparison: ModelComparison) -> Difference:
    """Returns what a treatment does to the recall of the rarest class."""
    return next(row.recall for row in comparison.per_class if row.class_name == treatments.rare_class)
