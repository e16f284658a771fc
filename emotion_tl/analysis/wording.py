"""What a comparison shows, in sentences that claim no more than its test supports."""

from emotion_tl.analysis.family import CorrectedComparison
from emotion_tl.analysis.model_comparison import ModelComparison
from emotion_tl.analysis.paired import Difference
from emotion_tl.evaluation.told import told_level


def comparison_sentence(corrected: CorrectedComparison) -> str:
    """Returns what one comparison of a family shows, with the figures in percentage points.

    "More" and "less accurate" are said only where the adjusted p-value is below the family's level. Where it is not,
    the sentence tells how large a difference would have had to be, because nothing shown is not the same as equal.
    """
    comparison = corrected.comparison
    claim = {
        "better": f"{comparison.candidate} is more accurate than {comparison.baseline}",
        "worse": f"{comparison.candidate} is less accurate than {comparison.baseline}",
        "no difference shown": (
            f"No difference in accuracy shown between {comparison.candidate} and {comparison.baseline}"
        ),
    }[corrected.verdict]
    level = f"{told_level(comparison.confidence_level)} interval"
    figures = (
        f"accuracy {told_difference(comparison.accuracy, level)}, {told_test(corrected)}; "
        f"macro-F1 {told_difference(comparison.macro_f1, level)}"
    )
    sentences = [f"{claim} on the same {comparison.num_images:,} test images, {told_seeds(comparison)}: {figures}."]
    if corrected.verdict == "no difference shown":
        sentences.append(told_smallest_difference(corrected))
    if not comparison.covers_seeds:
        sentences.append(
            "This is about these two trainings: with one seed each, another training may turn out otherwise."
        )
    return " ".join(sentences)


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


def told_smallest_difference(corrected: CorrectedComparison) -> str:
    """Returns how large a true difference the test would have found four times in five."""
    points = f"{100 * corrected.smallest_difference:.1f} points"
    return f"A true difference of {points} would have been found four times in five; a smaller one may be there."


def told_difference(difference: Difference, level: str) -> str:
    """Returns "+4.2 points (95 % interval +2.7 to +5.7)"."""
    value, low, high = (f"{100 * figure:+.1f}" for figure in (difference.value, difference.low, difference.high))
    return f"{value} points ({level} {low} to {high})"


def told_p_value(p_value: float) -> str:
    """Returns "p = 0.032", never "p = 0"."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"
