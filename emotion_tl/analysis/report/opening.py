"""The first chapter: the verdict, and the answers to the questions a comparison is made for."""

from emotion_tl.analysis.answers import answer_questions
from emotion_tl.analysis.comparison import Comparison, ModelResult, best_on_val
from emotion_tl.analysis.family import BETTER, NOT_SHOWN, WORSE, CorrectedComparison
from emotion_tl.analysis.findings import Findings
from emotion_tl.analysis.told import told_points, told_spread
from emotion_tl.analysis.wording import (
    MORE_SEEDS,
    ONE_SEED_EACH,
    SMALLEST_DIFFERENCE,
    qualified,
    told_accuracy,
    told_smallest_points,
)
from emotion_tl.evaluation.told import told_level
from emotion_tl.html_report.blocks import Block, BulletList, Heading, KeyFigure, KeyFigures, Notice, Paragraph, Section

VERDICTS = {
    BETTER: "Transfer beats {baseline}, trained from scratch",
    WORSE: "{baseline}, trained from scratch, beats transfer",
    NOT_SHOWN: "No difference between transfer and {baseline}, trained from scratch, is shown",
}
OTHERWISE = {
    BETTER: "{candidate} is ahead of the baseline {baseline}",
    WORSE: "The baseline {baseline} is ahead of {candidate}",
    NOT_SHOWN: "No difference between {candidate} and the baseline {baseline} is shown",
}
"""Where the baseline itself is not trained from scratch."""

UNANSWERED = "These runs do not say."


def opening_section(comparison: Comparison, findings: Findings) -> Section:
    """Returns what a reader in a hurry needs."""
    best = best_pretrained(comparison)
    blocks: list[Block] = []
    if best is not None and best.corrected is not None:
        blocks.append(Paragraph(lead_sentences(best.corrected, comparison), lead=True))
        blocks.append(KeyFigures(key_figures(best.corrected, comparison)))
    blocks += [Notice(warning) for warning in comparison.warnings]
    for question, sentences in answer_questions(comparison, findings).items():
        blocks += [Heading(question), BulletList(sentences) if sentences else Paragraph(UNANSWERED)]
    return Section("In short", blocks)


def best_pretrained(comparison: Comparison) -> ModelResult | None:
    """Returns the pretrained model with the best val accuracy among all that were compared with a baseline."""
    compared = [result for result in comparison.results if result.corrected is not None and result.model.is_pretrained]
    return best_on_val(compared) if compared else None


def lead_sentences(pair: CorrectedComparison, comparison: Comparison) -> str:
    """Returns the verdict on the best pretrained model, how large the difference is, and what limits the claim."""
    candidate, baseline = pair.comparison.candidate, pair.comparison.baseline
    verdicts = VERDICTS if comparison.is_against_scratch(comparison.result_of(candidate)) else OTHERWISE
    verdict = qualified(verdicts[pair.verdict].format(candidate=candidate, baseline=baseline), pair)
    others = "other pretrained models" if comparison.result_of(baseline).model.is_pretrained else "pretrained models"
    sentences = [
        f"{verdict}.",
        f"Of the {others} compared {candidate} is best on val; the difference in test accuracy is "
        f"{told_accuracy(pair)}.",
    ]
    if not pair.comparison.covers_seeds:
        sentences += [ONE_SEED_EACH, MORE_SEEDS]
    return " ".join(sentences)


def key_figures(pair: CorrectedComparison, comparison: Comparison) -> list[KeyFigure]:
    """Returns the numbers that are read first."""
    difference = pair.comparison.accuracy
    seeds = "" if pair.comparison.covers_seeds else ", one seed each"
    figures = [
        level_figure(comparison.result_of(pair.comparison.candidate), comparison, ""),
        level_figure(comparison.result_of(pair.comparison.baseline), comparison, ", the baseline"),
        KeyFigure(
            f"{100 * difference.value:+.1f} points", "difference in accuracy", f"{told_points(difference)}{seeds}"
        ),
    ]
    if pair.leak_free is not None:
        kept = pair.leak_free.accuracy
        figures.append(KeyFigure(f"{100 * kept.value:+.1f} points", "difference without the copies", told_points(kept)))
    smallest = f"{told_smallest_points(pair)} points"
    return [*figures, KeyFigure(smallest, "smallest difference", SMALLEST_DIFFERENCE)]


def level_figure(result: ModelResult, comparison: Comparison, role: str) -> KeyFigure:
    """Returns the accuracy of a model with its interval."""
    accuracy, level = result.summary.accuracy, told_level(comparison.config.confidence_level)
    return KeyFigure(
        f"{100 * accuracy.mean:.1f} %", f"{result.name}{role}", f"{told_spread(accuracy)}, {level} interval"
    )
