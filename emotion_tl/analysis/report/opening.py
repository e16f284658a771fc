"""The first chapter: the verdict, and the answers to the questions a comparison is made for."""

from emotion_tl.analysis.answers import BETTER, NOT_SHOWN, WORSE, answer_questions
from emotion_tl.analysis.comparison import Comparison, ModelResult
from emotion_tl.analysis.findings import Findings
from emotion_tl.analysis.stages import is_from_scratch
from emotion_tl.analysis.told import told_in_words, told_points, told_spread
from emotion_tl.evaluation.told import told_level
from emotion_tl.html_report.blocks import Block, BulletList, Heading, KeyFigure, KeyFigures, Notice, Paragraph, Section

VERDICTS = {
    BETTER: "Transfer beats {baseline}, trained from scratch",
    WORSE: "{baseline}, trained from scratch, beats transfer",
    NOT_SHOWN: "No difference between transfer and {baseline}, trained from scratch, is shown",
}
OTHERWISE = {
    BETTER: "The best pretrained model is ahead of the baseline",
    WORSE: "The baseline is ahead of the best pretrained model",
    NOT_SHOWN: "No difference between the best pretrained model and the baseline is shown",
}
"""Where the baseline itself is not trained from scratch."""

UNANSWERED = "These runs do not say."


def opening_section(comparison: Comparison, findings: Findings) -> Section:
    """Returns what a reader in a hurry needs."""
    best = best_pretrained(comparison)
    blocks: list[Block] = []
    if best is not None and best.corrected is not None and best.comparison is not None:
        blocks.append(Paragraph(lead_sentence(best, comparison), lead=True))
        blocks.append(KeyFigures(key_figures(best, comparison)))
    blocks += [Notice(warning) for warning in comparison.warnings]
    for question, sentences in answer_questions(comparison, findings).items():
        blocks += [Heading(question), BulletList(sentences) if sentences else Paragraph(UNANSWERED)]
    return Section("In short", blocks)


def best_pretrained(comparison: Comparison) -> ModelResult | None:
    """Returns the pretrained model with the best val accuracy among those that were compared with the baseline."""
    candidates = [
        result
        for result in comparison.results
        if result.comparison is not None
        and result.baseline == comparison.baseline
        and result.model.tags.get("pretrained") == "yes"
    ]
    return max(candidates, key=lambda result: result.model.mean_metric("val_accuracy"), default=None)


def lead_sentence(best: ModelResult, comparison: Comparison) -> str:
    """Returns the verdict in two sentences."""
    assert best.corrected is not None
    assert best.comparison is not None
    assert best.baseline is not None
    difference = told_in_words(best.comparison.accuracy)
    verdicts = VERDICTS if is_from_scratch(comparison.result_of(best.baseline).model) else OTHERWISE
    verdict = verdicts[best.corrected.verdict].format(baseline=best.baseline)
    return (
        f"{verdict}. Of the pretrained models {best.name} is best on val; the "
        f"difference in test accuracy is {difference}."
    )


def key_figures(best: ModelResult, comparison: Comparison) -> list[KeyFigure]:
    """Returns the numbers that are read first."""
    assert best.comparison is not None
    assert comparison.baseline is not None
    baseline = comparison.result_of(comparison.baseline)
    smallest = best.corrected.smallest_difference if best.corrected else best.comparison.smallest_difference
    level = f"{told_level(comparison.config.confidence_level)} interval"
    return [
        KeyFigure(
            f"{100 * best.summary.accuracy.mean:.1f} %", best.name, f"{told_spread(best.summary.accuracy)}, {level}"
        ),
        KeyFigure(
            f"{100 * baseline.summary.accuracy.mean:.1f} %",
            f"{baseline.name}, the baseline",
            f"{told_spread(baseline.summary.accuracy)}, {level}",
        ),
        KeyFigure(
            f"{100 * best.comparison.accuracy.value:+.1f} points",
            "difference in accuracy",
            f"{told_points(best.comparison.accuracy)}",
        ),
        KeyFigure(
            f"{100 * smallest:.1f} points", "smallest difference these test images could show", "with 80 % power"
        ),
    ]
