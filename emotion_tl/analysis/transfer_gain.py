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
        over_scratch: the last pretrained step beside the same network from scratch, which differ in their weights and
            in the schedule each was given, and in how much learns as well where that step is not `ALL_UNFROZEN`; None
            where one of them was not trained.
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
    """Returns the gains of each network that was trained in two or more stages; their tests are one family together."""
    ladders = find_ladders(comparison.models)
    pairs = {(ladder.network, stage): pair for ladder in ladders for stage, pair in pairs_of(ladder).items()}
    compared = compare_family(pairs, comparison.config)
    return [take_apart(ladder, compared, comparison) for ladder in ladders]


def pairs_of(ladder: Ladder) -> dict[str, tuple[ComparedModel, ComparedModel]]:
    """Returns each step with the one before, and under `FROM_SCRATCH` the last pretrained one with that network."""
    pretrained = [(stage, model) for stage, model in ladder.steps if stage != FROM_SCRATCH]
    scratch = dict(ladder.steps).get(FROM_SCRATCH)
    pairs = {stage: (model, before) for (_, before), (stage, model) in pairwise(pretrained)}
    return pairs | ({FROM_SCRATCH: (pretrained[-1][1], scratch)} if scratch and pretrained else {})


def take_apart(
    ladder: Ladder, compared: Mapping[tuple[str, str], CorrectedComparison], comparison: Comparison
) -> TransferGain:
    """Returns the steps of a ladder with what each adds, and what they reached within equal budgets.

    Args:
        compared: (network, stage) -> the pair of `pairs_of`, compared.
    """
    own = {stage: compared[ladder.network, stage] for stage in pairs_of(ladder)}
    over_scratch = own.pop(FROM_SCRATCH, None)
    budgets = equal_budgets(ladder)
    steps = [
        GainStep(
            stage,
            comparison.result_of(model.name),
            own.get(stage),
            {of: within_budget(model, budget, of) for of, budget in budgets.items()},
        )
        for stage, model in ladder.steps
    ]
    return TransferGain(ladder.network, tuple(steps), over_scratch, budgets)


def within_budget(model: ComparedModel, budget: float, of: str) -> WithinBudget:
    """Returns what the seeds of a model reached within a budget of "epoch" or "seconds"."""
    reached = [value for run in model.runs if not isnan(value := best_within(run, budget, of))]
    return WithinBudget(float(np.mean(reached)) if reached else nan, len(reached), len(model.runs))
