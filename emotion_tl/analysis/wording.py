"""What a comparison shows, in sentences that claim no more than its test supports."""

from emotion_tl.analysis.difference import Difference
from emotion_tl.analysis.family import BETTER, NOT_SHOWN, WORSE, CorrectedComparison
from emotion_tl.analysis.model_comparison import ModelComparison
from emotion_tl.analysis.smallest_difference import NONE_FOUND
from emotion_tl.analysis.told import told_in_words
from emotion_tl.evaluation.told import told_level

ONE_SEED_EACH = (
    "With one seed each this is about these two trained networks: with other seeds it may turn out otherwise."
)
MORE_SEEDS = "More seeds tell what holds for the models: study.seeds=[0,1,2]."
SMALLEST_DIFFERENCE = "what these test images, and this many seeds, would show in four of five cases"


def comparison_sentence(corrected: CorrectedComparison) -> str:
    """Returns what one comparison of a family shows, with the figures in percentage points.

    "More" and "less accurate" are said only where the adjusted p-value is below the family's level. Where it is not,
    the sentence tells how large a difference would have had to be, because nothing shown is not the same as equal.
    """
    comparison = corrected.comparison
    claim = {
        BETTER: f"{comparison.candidate} is more accurate than {comparison.baseline}",
        WORSE: f"{comparison.candidate} is less accurate than {comparison.baseline}",
        NOT_SHOWN: f"No difference in accuracy shown between {comparison.candidate} and {comparison.baseline}",
    }[corrected.verdict]
    level = f"{told_level(comparison.confidence_level)} interval"
    figures = (
        f"accuracy {told_difference(comparison.accuracy, level)}, {told_test(corrected)}; "
        f"macro-F1 {told_difference(comparison.macro_f1, level)}"
    )
    if corrected.leak_free is not None:
        figures += f"; without the copies accuracy {told_difference(corrected.leak_free.accuracy, level)}"
    sentences = [f"{claim} on the same {comparison.num_images:,} test images, {told_seeds(comparison)}: {figures}."]
    if corrected.fails_without_copies:
        sentences.append(f"But {told_failure(corrected)}.")
    if corrected.verdict == NOT_SHOWN:
        sentences.append(told_smallest_difference(corrected))
    if not comparison.covers_seeds:
        sentences.append(ONE_SEED_EACH)
    return " ".join(sentences)


def qualified(claim: str, corrected: CorrectedComparison) -> str:
    """Returns a claim together with what limits it: one seed each, and a difference that the copies alone show."""
    seeds = "" if corrected.comparison.covers_seeds else " (one seed each)"
    failure = f", on all test images, but {told_failure(corrected)}" if corrected.fails_without_copies else ""
    return f"{claim}{seeds}{failure}"


def told_failure(corrected: CorrectedComparison) -> str:
    """Returns what becomes of a shown difference where the images with a copy in train or val are left out."""
    is_unclear = corrected.leak_free_verdict == NOT_SHOWN
    found = "no difference is shown" if is_unclear else "it is the other way round"
    return f"without the images that have a copy in train or val {found}"


def told_accuracy(corrected: CorrectedComparison) -> str:
    """Returns "+3.5 points (+2.0 to +4.9), without the copies +3.1 points (+1.5 to +4.7)"."""
    told = told_in_words(corrected.comparison.accuracy)
    if corrected.leak_free is None:
        return told
    return f"{told}, without the copies {told_in_words(corrected.leak_free.accuracy)}"


def told_test(corrected: CorrectedComparison) -> str:
    """Returns "McNemar's exact test p = 0.032 after Holm's correction for 5 comparisons (alone p = 0.011)"."""
    test, adjusted = corrected.comparison.test, told_p_value(corrected.adjusted_p_value)
    if corrected.num_comparisons < 2:
        return f"{test} {adjusted}"
    alone = told_p_value(corrected.comparison.p_value)
    aside = "" if alone == adjusted else f" (alone {alone})"
    return f"{test} {adjusted} after Holm's correction for {corrected.num_comparisons} comparisons{aside}"


def told_seeds(comparison: ModelComparison) -> str:
    """Returns "3 seeds each" or "3 seeds against 1"."""
    candidate, baseline = comparison.candidate_seeds, comparison.baseline_seeds
    if candidate == baseline:
        return f"{told_count(candidate, 'seed')} each"
    return f"{told_count(candidate, 'seed')} against {baseline}"


def told_count(number: int, noun: str) -> str:
    """Returns "1 seed" or "3 seeds"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def told_smallest_points(corrected: CorrectedComparison) -> str:
    """Returns "1.9", in points, and "> 100" where no difference could have been shown."""
    smallest = corrected.smallest_difference
    return "> 100" if smallest >= NONE_FOUND else f"{100 * smallest:.1f}"


def told_smallest_difference(corrected: CorrectedComparison) -> str:
    """Returns how large a true difference the test would have found four times in five."""
    if corrected.smallest_difference >= NONE_FOUND:
        return "These runs could have shown no difference, however large: that takes more seeds or more test images."
    points = f"{told_smallest_points(corrected)} points"
    return f"A true difference of {points} would have been found four times in five; a smaller one may be there."


def told_difference(difference: Difference, level: str) -> str:
    """Returns "+4.2 points (95 % interval +2.7 to +5.7)"."""
    value, low, high = (f"{100 * figure:+.1f}" for figure in (difference.value, difference.low, difference.high))
    return f"{value} points ({level} {low} to {high})"


def told_p_value(p_value: float) -> str:
    """Returns "p = 0.032", never "p = 0"."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"
