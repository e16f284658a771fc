"""What a comparison shows, in sentences that claim no more than its test supports."""

from emotion_tl.analysis.family import CorrectedComparison
from emotion_tl.analysis.model_comparison import ModelComparison
from emotion_tl.analysis.paired import Difference, PairedComparison


def verdict_sentence(comparison: PairedComparison, candidate_name: str, baseline_name: str) -> str:
    """Returns what the comparison shows, in one sentence with the figures in percentage points.

    "More" and "less accurate" are said only where McNemar's test rejects equal accuracy at 1 - confidence_level. The
    macro-F1 has an interval but no test, so it is told beside it and nothing is claimed of it.
    """
    images = f"the same {comparison.num_images:,} test images"
    level = f"{100 * comparison.confidence_level:g} % interval"
    accuracy = f"accuracy {told_difference(comparison.accuracy, level)}, McNemar {told_p_value(comparison.p_value)}"
    figures = f"{accuracy}; macro-F1 {told_difference(comparison.macro_f1, level)}"
    if comparison.p_value >= 1 - comparison.confidence_level:
        return f"No difference in accuracy shown between {candidate_name} and {baseline_name} on {images}: {figures}."
    word = "more" if comparison.accuracy.value > 0 else "less"
    return f"{candidate_name} is {word} accurate than {baseline_name} on {images}: {figures}."


def told_difference(difference: Difference, level: str) -> str:
    """Returns "+4.2 points (95 % interval +2.7 to +5.7)"."""
    value, low, high = (f"{100 * figure:+.1f}" for figure in (difference.value, difference.low, difference.high))
    return f"{value} points ({level} {low} to {high})"


def told_p_value(p_value: float) -> str:
    """Returns "p = 0.032", never "p = 0"."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"
