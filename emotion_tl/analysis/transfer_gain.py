"""The transfer gain taken apart: what each step from the frozen backbone on adds, at equal epochs and at equal time."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from emotion_tl.analysis.comparison import Comparison, ModelResult
from emotion_tl.analysis.pairs import ComparedPair, compare_family
from emotion_tl.analysis.stages import FROM_SCRATCH, Ladder, best_within, equal_budgets, find_ladders


@dataclass(frozen=True, eq=False)
class GainStep:
    """A step of a ladder.

    Attributes:
        stage: how much of the network learns.
        result: of its model.
        gain: on test over the step before it; None for the first step and for the network from scratch.
        val_accuracy_within: best val accuracy, mean over the seeds, within the "epoch" and the "seconds" that the
            shortest training of the ladder took; NaN where a seed ended no epoch in them.
    """

    stage: str
    result: ModelResult
    gain: ComparedPair | None
    val_accuracy_within: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class TransferGain:
    """The steps of one network.

    Attributes:
        network: its name.
        steps: from the frozen backbone on.
        over_scratch: the last pretrained step beside the same network from scratch; None where one was not trained.
        budgets: the "epoch" and the "seconds" of the shortest training.
    """

    network: str
    steps: tuple[GainStep, ...]
    over_scratch: ComparedPair | None
    budgets: Mapping[str, float]


def find_transfer_gains(comparison: Comparison) -> list[TransferGain]:
    """Returns the gains of each network that was trained in two or more stages."""
    return [take_apart(ladder, comparison) for ladder in find_ladders(comparison.models)]


def take_apart(ladder: Ladder, comparison: Comparison) -> TransferGain:
    """Compares each step of a ladder with the one before, and the last pretrained one with the network from scratch."""
    pretrained = [(stage, model) for stage, model in ladder.steps if stage != FROM_SCRATCH]
    scratch = dict(ladder.steps).get(FROM_SCRATCH)
    pairs = {stage: (model, before) for (_, before), (stage, model) in pairwise(pretrained)}
    if scratch and pretrained:
        pairs[FROM_SCRATCH] = (pretrained[-1][1], scratch)
    compared = compare_family(pairs, comparison.config)
    over_scratch = compared.pop(FROM_SCRATCH, None)
    budgets = equal_budgets(ladder)
    steps = [
        GainStep(
            stage,
            comparison.result_of(model.name),
            compared.get(stage),
            {of: float(np.mean([best_within(run, budgets[of], of) for run in model.runs])) for of in budgets},
        )
        for stage, model in ladder.steps
    ]
    return TransferGain(ladder.network, tuple(steps), over_scratch, budgets)
