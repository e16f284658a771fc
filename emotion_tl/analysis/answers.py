"""The answers to the questions a comparison is made for, in sentences that claim no more than the tests support."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from emotion_tl.analysis.comparison import Comparison, ModelResult, best_on_val
from emotion_tl.analysis.family import BETTER, NOT_SHOWN, WORSE, CorrectedComparison, Verdict
from emotion_tl.analysis.findings import Findings, FractionCurve
from emotion_tl.analysis.imbalance import UNTREATED, Goal, Treatments, interval_name, rare_recall, shown_gains
from emotion_tl.analysis.stages import ALL_UNFROZEN, FROZEN, stage_of
from emotion_tl.analysis.told import told_fraction, told_in_words
from emotion_tl.analysis.transfer_gain import TransferGain
from emotion_tl.analysis.wording import (
    MORE_SEEDS,
    ONE_SEED_EACH,
    comparison_sentence,
    qualified,
    told_accuracy,
    told_difference,
)
from emotion_tl.evaluation.told import told_share


def verdict_sentences(comparison: Comparison) -> list[str]:
    """Returns a sentence for each model that was compared with a baseline."""
    return [comparison_sentence(result.corrected) for result in comparison.results if result.corrected is not None]


def answer_questions(comparison: Comparison, findings: Findings) -> dict[str, list[str]]:
    """Returns question -> the sentences that answer it; none where the runs do not say."""
    return {
        "Does the pretrained backbone generalise to these faces with its weights frozen?": answer_frozen(comparison),
        "How much does fine-tuning add?": answer_fine_tuning(findings.transfer_gains),
        "Which treatment of class imbalance is best for what?": [
            sentence for treatments in findings.treatments for sentence in answer_imbalance(treatments)
        ],
        "Where does transfer stop paying as there are more images?": answer_fractions(
            [curve for curve in findings.fraction_curves if is_transfer_curve(curve, comparison)]
        ),
    }


def answer_frozen(comparison: Comparison) -> list[str]:
    """Answers for the frozen models on all training images; which of several is the best is decided on val."""
    frozen = [
        result
        for result in comparison.results
        if stage_of(result.model) == FROZEN and result.model.train_fraction == 1.0
    ]
    if not frozen:
        return []
    best = best_on_val(frozen)
    sentences = [f"{told_right(best)}, with none of the backbone's weights changed."]
    if comparison.is_baseline(best.name):
        return sentences
    if best.corrected is None:
        return [
            *sentences,
            "There is no baseline that learnt from the same images, so there is nothing to compare it with.",
        ]
    if not comparison.is_against_scratch(best):
        return [*sentences, f"The baseline {best.baseline} is not trained from scratch: these runs do not say."]
    return [told_frozen(best.corrected), *sentences, *seed_caveat([best.corrected])]


def told_frozen(pair: CorrectedComparison) -> str:
    """Returns how frozen features stand to a baseline trained from scratch."""
    scratch = f"{pair.comparison.baseline}, trained from scratch"
    answer, claim = {
        BETTER: ("Yes: ", f"frozen features beat {scratch}"),
        WORSE: ("Not well enough: ", f"{scratch}, stays ahead"),
        NOT_SHOWN: ("", f"No difference to {scratch}, is shown"),
    }[pair.verdict]
    answer = "Not shown without the copies: " if pair.fails_without_copies else answer
    return f"{answer}{qualified(claim, pair)}; difference in accuracy {told_accuracy(pair)}."


def seed_caveat(pairs: Iterable[CorrectedComparison]) -> list[str]:
    """Returns what has to be known of comparisons where both models have one seed; nothing where there are none."""
    return [] if all(pair.comparison.covers_seeds for pair in pairs) else [f"{ONE_SEED_EACH} {MORE_SEEDS}"]


def told_right(result: ModelResult) -> str:
    """Returns "inceptionv3 names 62.9 % of the test images rightly (macro-F1 55.7 %)"."""
    summary = result.summary
    accuracy, macro_f1 = told_share(summary.accuracy.mean), told_share(summary.macro_f1.mean)
    return f"{result.name} names {accuracy} of the test images rightly (macro-F1 {macro_f1})"


def answer_fine_tuning(gains: Sequence[TransferGain]) -> list[str]:
    """Answers for each network, a sentence a step."""
    pairs = [(f"{gain.network}, {change}", pair) for gain in gains for change, pair in changes_of(gain)]
    return [f"{subject}: {told_gain(pair)}" for subject, pair in pairs] + seed_caveat(pair for _, pair in pairs)


def changes_of(gain: TransferGain) -> Iterator[tuple[str, CorrectedComparison]]:
    """Yields what was changed from one step of a network to the next, and what that brings."""
    for before, step in pairwise(gain.steps):
        if step.gain is not None:
            yield f"{step.stage} instead of {before.stage}", step.gain
    if gain.over_scratch is not None and gain.last_pretrained is not None:
        stage = gain.last_pretrained.stage
        # Where a part of the network stays frozen, more than the weights is another.
        change = "pretrained instead of" if stage == ALL_UNFROZEN else f"{stage}, pretrained, instead of all"
        yield f"{change} from random weights", gain.over_scratch


def told_gain(pair: CorrectedComparison) -> str:
    """Returns what a change brings, as far as it is shown."""
    said = {BETTER: "a gain", WORSE: "a loss", NOT_SHOWN: NOT_SHOWN}[pair.verdict]
    return f"{qualified(said, pair)}; accuracy {told_accuracy(pair)}."


def answer_imbalance(treatments: Treatments) -> list[str]:
    """Answers for one model, a sentence a goal."""
    if UNTREATED not in treatments.results:
        return [f"{treatments.name} was not trained without a treatment, so there is nothing to compare with."]
    pairs = treatments.against_untreated
    sentences = [f"{treatments.name}: {told_gains(goal)}." for goal in shown_gains(treatments)]
    if len(pairs) > 1:
        sentences.append(f"{treatments.name}: {told_simultaneity(treatments)}.")
    costs = [
        f"{name}, {told_in_words(pair.comparison.accuracy)}" for name, pair in pairs.items() if pair.verdict == WORSE
    ]
    if costs:
        sentences.append(f"{treatments.name}: accuracy is the price of {'; '.join(costs)}.")
    failing = [name for name, pair in pairs.items() if pair.fails_without_copies]
    if failing:
        sentences.append(
            f"{treatments.name}: without the copies no difference in accuracy is shown for {', '.join(failing)}."
        )
    before = told_share(rare_recall(treatments, UNTREATED).mean)
    sentences.append(f"Without a treatment the recall of {treatments.rare_class} is {before}.")
    return sentences + seed_caveat(pairs.values())


def told_gains(goal: Goal) -> str:
    """Returns the treatments that are shown to raise the goal, the largest gain first."""
    if not goal.gains:
        return f"no treatment is shown to raise {goal.name}"
    ranked = sorted(goal.gains, key=lambda name: -goal.gains[name].value)
    told = "; ".join(f"{name}: {told_difference(goal.gains[name], goal.interval)}" for name in ranked)
    aside = ". No two treatments are tested against each other, so these are not told apart" if len(ranked) > 1 else ""
    return f"for {goal.name}, {told} over no treatment{aside}"


def told_simultaneity(treatments: Treatments) -> str:
    """Returns why the intervals of macro-F1 and recall are wider."""
    alone = interval_name(pair.comparison for pair in treatments.against_untreated.values())
    jointly = interval_name(treatments.simultaneous.values())
    return (
        f"macro-F1 and recall are told with a {jointly}, so that those of all {len(treatments.simultaneous)} "
        f"treatments hold together as one {alone} does"
    )


def is_transfer_curve(curve: FractionCurve, comparison: Comparison) -> bool:
    """Returns whether a pretrained model is compared with a baseline trained from scratch over shares of the images."""
    compared = [result for _, result in curve.points if result.corrected is not None]
    return bool(compared) and all(
        result.model.is_pretrained and comparison.is_against_scratch(result) for result in compared
    )


def answer_fractions(curves: Sequence[FractionCurve]) -> list[str]:
    """Answers for each model that was trained on several shares of the images, beside the baseline on the same."""
    sentences: list[str] = []
    compared: list[CorrectedComparison] = []
    for curve in curves:
        pairs = [(fraction, result.corrected) for fraction, result in curve.points if result.corrected is not None]
        sentences.append(f"{curve.name}: {told_fractions([(fraction, pair.verdict) for fraction, pair in pairs])}")
        failing = [fraction for fraction, pair in pairs if pair.fails_without_copies]
        if failing:
            sentences.append(f"{curve.name}: without the copies this is not shown at {told_shares(failing)}.")
        compared += [pair for _, pair in pairs]
    return sentences + seed_caveat(compared)


def told_fractions(verdicts: Sequence[tuple[float, Verdict]]) -> str:
    """Returns at which shares of the images a model is ahead of the baseline, and at which it is not.

    Args:
        verdicts: share of the training images and the verdict on it, the smallest share first.
    """
    parts = {BETTER: "ahead of the baseline at", NOT_SHOWN: f"{NOT_SHOWN} at", WORSE: "behind the baseline at"}
    shares = {verdict: [share for share, found in verdicts if found == verdict] for verdict in parts}
    told = "; ".join(f"{part} {told_shares(shares[verdict])}" for verdict, part in parts.items() if shares[verdict])
    return f"{told} of the training images."


def told_shares(fractions: Iterable[float]) -> str:
    """Returns "1%, 10%", and "0.5%" of small shares."""
    return ", ".join(map(told_fraction, fractions))
