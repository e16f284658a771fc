"""Which treatment of class imbalance is best for what: accuracy, macro-F1, or the recall of the rarest class.

The more treatments, the likelier that one of them shows a gain by chance. The p-values of the accuracy are corrected
for that (Holm). Macro-F1 and recall have no test, so a gain in them is claimed by simultaneous intervals: of k
treatments each interval has the confidence 1 - level / k, and the chance that one or more of them leave out the truth
is at most the level (Bonferroni).

Reference:
    Dunn 1961, Multiple comparisons among means, Journal of the American Statistical Association 56, 52-64.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from emotion_tl.analysis.comparison import Comparison, ModelResult
from emotion_tl.analysis.difference import Difference
from emotion_tl.analysis.family import BETTER, CorrectedComparison
from emotion_tl.analysis.interval_ends import TOO_FEW_IMAGES
from emotion_tl.analysis.model_comparison import ModelComparison
from emotion_tl.analysis.pairs import compare_family, compare_predictions
from emotion_tl.analysis.seed_summary import Spread
from emotion_tl.analysis.variants import Variants, over_imbalance_treatments
from emotion_tl.command_config import CompareConfig
from emotion_tl.evaluation.told import told_level

UNTREATED = "none"


@dataclass(frozen=True, eq=False)
class Treatments:
    """The treatments of one model.

    Attributes:
        name: of the model.
        results: treatment -> its figures, the untreated one included where it was trained.
        against_untreated: treatment -> how it stands to the untreated model; empty where that was not trained.
        simultaneous: treatment -> the same, with intervals that hold for all treatments together.
        rare_class: the class with the fewest test images, of those that have any.
    """

    name: str
    results: Mapping[str, ModelResult]
    against_untreated: Mapping[str, CorrectedComparison]
    simultaneous: Mapping[str, ModelComparison]
    rare_class: str


@dataclass(frozen=True)
class Goal:
    """Something that treatments may raise.

    Attributes:
        name: of a metric on test.
        gains: treatment -> its gain over none; only of treatments of which a gain is shown.
        interval: what the intervals of the gains are called.
    """

    name: str
    gains: Mapping[str, Difference]
    interval: str


def find_treatments(comparison: Comparison) -> list[Treatments]:
    """Returns the models that were trained under two or more treatments."""
    return [compare_treatments(variants, comparison) for variants in over_imbalance_treatments(comparison.models)]


def compare_treatments(variants: Variants, comparison: Comparison) -> Treatments:
    """Compares each treatment with none."""
    models = dict(variants.members)
    test = next(iter(models.values())).test
    untreated = models.get(UNTREATED)
    pairs = {name: (model, untreated) for name, model in models.items() if untreated and model is not untreated}
    together = simultaneous(comparison.config, len(pairs))
    return Treatments(
        variants.name,
        {name: comparison.result_of(model.name) for name, model in models.items()},
        compare_family(pairs, comparison.config),
        {name: compare_predictions(model.test, other.test, together) for name, (model, other) in pairs.items()},
        test.class_names[int(np.where(test.support > 0, test.support, test.num_images + 1).argmin())],
    )


def simultaneous(config: CompareConfig, num_intervals: int) -> CompareConfig:
    """Returns the settings of intervals that hold together with the confidence that one of `config` has alone."""
    return replace(config, confidence_level=1 - (1 - config.confidence_level) / max(1, num_intervals))


def rare_recall(treatments: Treatments, name: str) -> Spread:
    """Returns the recall of the rarest class under a treatment."""
    return treatments.results[name].summary.class_recall[treatments.rare_class]


def rare_recall_gain(treatments: Treatments, comparison: ModelComparison) -> Difference:
    """Returns what a treatment does to the recall of the rarest class."""
    return next(row.recall for row in comparison.per_class if row.class_name == treatments.rare_class)


def shown_gains(treatments: Treatments) -> list[Goal]:
    """Returns what treatments are for, each with those that are shown to raise it over none."""
    pairs, together = treatments.against_untreated, treatments.simultaneous
    accuracy = {name: pair.comparison.accuracy for name, pair in pairs.items() if pair.verdict == BETTER}
    macro_f1 = {name: each.macro_f1 for name, each in together.items()}
    recall = {name: rare_recall_gain(treatments, each) for name, each in together.items()}
    rare = f"the recall of {treatments.rare_class}, the rarest class of test"
    if not all(difference.has_interval for difference in recall.values()):
        rare += f" ({TOO_FEW_IMAGES} to tell)"
    jointly = interval_name(together.values())
    return [
        Goal("accuracy", accuracy, interval_name(pair.comparison for pair in pairs.values())),
        Goal("macro-F1", above_zero(macro_f1), jointly),
        Goal(rare, above_zero(recall), jointly),
    ]


def above_zero(differences: Mapping[str, Difference]) -> dict[str, Difference]:
    """Returns the differences whose interval lies above zero; those without an interval are not among them."""
    return {name: difference for name, difference in differences.items() if difference.low > 0}


def interval_name(comparisons: Iterable[ModelComparison]) -> str:
    """Returns what the intervals of comparisons are called: "98.33 % interval"."""
    return f"{told_level(next(iter(comparisons)).confidence_level)} interval"
