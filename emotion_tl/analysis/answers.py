"""The answers to the questions a comparison is made for, in sentences that claim no more than the tests support."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from emotion_tl.analysis.comparison import Comparison, ModelResult
from emotion_tl.analysis.family import CorrectedComparison
from emotion_tl.analysis.findings import Findings
from emotion_tl.analysis.imbalance import UNTREATED, Goal, Treatments, interval_name, rare_recall, shown_gains
from emotion_tl.analysis.stages import FROZEN, is_from_scratch, stage_of
from emotion_tl.analysis.told import told_in_words
from emotion_tl.analysis.transfer_gain import TransferGain
from emotion_tl.analysis.variants import train_fraction
from emotion_tl.analysis.wording import comparison_sentence, told_difference
from emotion_tl.evaluation.told import told_share

BETTER, WORSE, NOT_SHOWN = "better", "worse", "no difference shown"


def verdict_sentences(comparison: Comparison) -> list[str]:
    """Returns a sentence for each model that was compared with a baseline."""
    return [comparison_sentence(result.corrected) for result in comparison.results if result.corrected is not None]


def answer_questions(comparison: Comparison, findings: Findings) -> dict[str, list[str]]:
    """Returns question -> the sentences that answer it; none where the runs do not say."""
    return {
        "Does the pretrained backbone generalise to these faces with its weights frozen?": answer_frozen(comparison),
        "How much does fine-tuning add?": [
            sentence for gain in findings.transfer_gains for sentence in answer_fine_tuning(gain)
        ],
        "Which treatment of class imbalance is best for what?": [
            sentence for treatments in findings.treatments for sentence in answer_imbalance(treatments)
        ],
        "Where does transfer stop paying as there are more images?": list(answer_fractions(findings)),
    }


def answer_frozen(comparison: Comparison) -> list[str]:
    """Answers for the frozen models on all training images; which of several is the best is decided on val."""
    frozen = [
        result
        for result in comparison.results
        if stage_of(result.model) == FROZEN and train_fraction(result.model) == 1.0
    ]
    if not frozen:
        return []
    best = max(frozen, key=lambda result: result.model.mean_metric("val_accuracy"))
    sentences = [f"{told_level(best)}, with none of the backbone's weights changed."]
    if best.name == comparison.baseline:
        return sentences
    if best.baseline is not None and not is_from_scratch(comparison.result_of(best.baseline).model):
        return [*sentences, f"The baseline {best.baseline} is not trained from scratch: these runs do not say."]
    if best.corrected is None or best.comparison is None:
        return [
            *sentences,
            "There is no baseline that learnt from the same images, so there is nothing to compare it with.",
        ]
    difference = f"difference in accuracy {told_in_words(best.comparison.accuracy)}"
    said = {
        BETTER: f"Yes: frozen features beat {best.baseline}, trained from scratch; {difference}.",
        WORSE: f"Not well enough: {best.baseline}, trained from scratch, stays ahead; {difference}.",
        NOT_SHOWN: f"No difference to {best.baseline}, trained from scratch, is shown; {difference}.",
    }
    return [said[best.corrected.verdict], *sentences]


def told_level(result: ModelResult) -> str:
    """Returns "inceptionv3 reaches 62.9 % of the test images, macro-F1 55.7 %"."""
    summary = result.summary
    accuracy, macro_f1 = told_share(summary.accuracy.mean), told_share(summary.macro_f1.mean)
    return f"{result.name} names {accuracy} of the test images rightly (macro-F1 {macro_f1})"


def answer_fine_tuning(gain: TransferGain) -> Iterator[str]:
    """Answers for one network, a sentence a step."""
    for before, step in pairwise(gain.steps):
        if step.gain is not None:
            subject = f"{gain.network}, {step.stage} instead of {before.stage}"
            yield f"{subject}: {told_gain(step.gain)}"
    if gain.over_scratch is not None:
        yield f"{gain.network}, pretrained instead of from random weights: {told_gain(gain.over_scratch)}"


def told_gain(pair: CorrectedComparison) -> str:
    """Returns what a change brings, as far as it is shown."""
    said = {BETTER: "a gain", WORSE: "a loss", NOT_SHOWN: "no difference shown"}[pair.verdict]
    return f"{said}, accuracy {told_in_words(pair.comparison.accuracy)}."


def answer_imbalance(treatments: Treatments) -> list[str]:
    """Answers for one model, a sentence a goal."""
    if UNTREATED not in treatments.results:
        return [f"{treatments.name} was not trained without a treatment, so there is nothing to compare with."]
    pairs = treatments.against_untreated
    sentences = [f"{treatments.name}: {told_best_treatment(goal)}." for goal in shown_gains(treatments)]
    if len(pairs) > 1:
        sentences.append(f"{treatments.name}: {told_simultaneity(treatments)}.")
    costs = [
        f"{name}, {told_in_words(pair.comparison.accuracy)}" for name, pair in pairs.items() if pair.verdict == WORSE
    ]
    if costs:
        sentences.append(f"{treatments.name}: accuracy is the price of {'; '.join(costs)}.")
    before = told_share(rare_recall(treatments, UNTREATED).mean)
    return [*sentences, f"Without a treatment the recall of {treatments.rare_class} is {before}."]


def told_best_treatment(goal: Goal) -> str:
    """Returns which treatment raises the goal most, of those that are shown to."""
    if not goal.gains:
        return f"no treatment is shown to raise {goal.name}"
    best = max(goal.gains, key=lambda name: goal.gains[name].value)
    return f"for {goal.name}, {best}: {told_difference(goal.gains[best], goal.interval)} over no treatment"


def told_simultaneity(treatments: Treatments) -> str:
    """Returns why the intervals of macro-F1 and recall are wider."""
    alone = interval_name(pair.comparison for pair in treatments.against_untreated.values())
    jointly = interval_name(treatments.simultaneous.values())
    return (
        f"macro-F1 and recall are told with a {jointly}, so that those of all {len(treatments.simultaneous)} "
        f"treatments hold together as one {alone} does"
    )


def answer_fractions(findings: Findings) -> Iterator[str]:
    """Answers for each model that was trained on several shares of the images, beside the baseline on the same."""
    for curve in findings.fraction_curves:
        verdicts = [(fraction, result.corrected.verdict) for fraction, result in curve.points if result.corrected]
        if verdicts:
            yield f"{curve.name}: {told_fractions(verdicts)}"


def told_fractions(verdicts: Sequence[tuple[float, str]]) -> str:
    """Returns where a model is ahead of the baseline, and from which share of the images on it no longer is.

    Args:
        verdicts: share of the training images and the verdict on it, the smallest share first.
    """
    ahead = [fraction for fraction, verdict in verdicts if verdict == BETTER]
    if not ahead:
        return "not shown to be ahead of the baseline at any share of the training images."
    after = [(fraction, verdict) for fraction, verdict in verdicts if fraction > ahead[-1]]
    told = ", ".join(f"{fraction:.0%}" for fraction in ahead)
    if not after:
        return f"ahead of the baseline at {told} of the training images; it pays up to all that were tried."
    ends = {WORSE: "the baseline is ahead", NOT_SHOWN: "no difference is shown"}
    if len({verdict for _, verdict in after}) == 1:
        fraction, verdict = after[0]
        end = f"from {fraction:.0%} on {ends[verdict]}"
    else:
        end = ", ".join(f"at {fraction:.0%} {ends[verdict]}" for fraction, verdict in after)
    return f"ahead of the baseline at {told} of the training images; {end}."
