"""The transfer gain taken apart: what each step from the frozen backbone on adds, at equal epochs and at equal time."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import isnan, nan

import numpy as np

from emotion_tl.analysis.compared_model import ComparedModel
from emotion_tl.analysis.comparison import Comparison, ModelResult
from emotion_tl.analysis.family import CorrectedComparison
from emotion_tl.analysis.pairs import compare_family
from emotion_tl.analysis.stages import FROM_SCRATCH, Ladder, best_within, equal_budgets, find_ladders


@dataclass(frozen=True)
class WithinBudget:
    """What the seeds of a model reached within a budget of epochs or seconds.

    Attributes:
        val_accuracy: the best, mean over the seeds that ended an epoch in it; NaN where none did.
        num_seeds: that did.
        num_runs: seeds of the model.
    """

    val_accuracy: float
    num_seeds: int
    num_runs: int


@dataclass(frozen=True, eq=False)
class GainStep:
    """A step of a ladder.

    Attributes:
        stage: how much of the network learns.
        result: of its model.
        gain: on test over the step before it; None for the first step and for the network from scratch.
        within: what it reached in the "epoch" and in the "seconds" that the shortest training of the ladder took.
    """

    stage: str
    result: ModelResult
    gain: CorrectedComparison | None
    within: Mapping[str, WithinBudget]


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
    over_scratch: CorrectedComparison | None
    budgets: Mapping[str, float]

    @property
    def last_pretrained(self) -> GainStep | None:
        """Returns the last pretrained step, which stands beside the network from scratch; None where there is none."""
        return next((step for step in reversed(self.steps) if step.stage != FROM_SCRATCH), None)


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
            {of: within_budget(model, budget, of) for of, budget in budgets.items()},
        )
        for stage, model in ladder.steps
    ]
    return TransferGain(ladder.network, tuple(steps), over_scratch, budgets)


def within_budget(model: ComparedModel, budget: float, of: str) -> WithinBudget:
    """Returns what the seeds of a model reached within a budget of "epoch" or "seconds"."""
    reached = [value for run in model.runs if not isnan(value := best_within(run, budget, of))]
    return WithinBudget(float(np.mean(reached)) if reached else nan, len(reached), len(model.runs))
