"""Several comparisons at once: the more of them, the likelier that one of them shows a difference by chance."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

import numpy as np
from statsmodels.stats.multitest import multipletests

from emotion_tl.analysis.model_comparison import ModelComparison

BETTER: Final = "better"
WORSE: Final = "worse"
NOT_SHOWN: Final = "no difference shown"
Verdict = Literal["better", "worse", "no difference shown"]
Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class CorrectedComparison:
    """A comparison as one of a family.

    Attributes:
        comparison: as it stands alone.
        adjusted_p_value: Holm's; below `level` the family's chance of even one wrong claim stays at most `level`.
        verdict: on the candidate's accuracy, from the adjusted p-value.
        num_comparisons: in the family.
        level: of the family.
        smallest_difference: in accuracy, that the test would have found with power 0.8 at the level of Holm's hardest
            step, `level / num_comparisons`; `NONE_FOUND` where it would have found none.
        leak_free: the same two models on the test images of which neither has a copy in train or val; None where there
            are none, or all are.
    """

    comparison: ModelComparison
    adjusted_p_value: float
    verdict: Verdict
    num_comparisons: int
    level: float
    smallest_difference: float
    leak_free: ModelComparison | None = None

    @property
    def leak_free_verdict(self) -> Verdict | None:
        """Returns on which side of 0 the interval without the copies lies, alone and uncorrected; None without one."""
        if self.leak_free is None:
            return None
        accuracy = self.leak_free.accuracy
        return BETTER if accuracy.low > 0 else WORSE if accuracy.high < 0 else NOT_SHOWN

    @property
    def fails_without_copies(self) -> bool:
        """Returns whether a difference is shown on all test images that is not shown without the copies."""
        return self.verdict != NOT_SHOWN and self.leak_free_verdict not in (None, self.verdict)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Returns Holm's adjusted p-values in the order given. A NaN stays NaN and does not count as a test.

    Reference:
        Holm 1979, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 65-70.
    """
    values = np.asarray(p_values, dtype=np.float64)
    known = ~np.isnan(values)
    adjusted = np.full(len(values), np.nan)
    if known.any():
        adjusted[known] = multipletests(values[known], method="holm")[1]
    return tuple(map(float, adjusted))


def correct_family(
    comparisons: Mapping[Name, ModelComparison], level: float | None = None
) -> dict[Name, CorrectedComparison]:
    """Returns each comparison with its adjusted p-value and verdict, under the same names.

    Args:
        comparisons: name -> comparison: all that are told together, usually each model against one baseline.
        level: of the family; None takes 1 minus the widest confidence level among the comparisons.
    """
    if level is None:
        level = min((1 - comparison.confidence_level for comparison in comparisons.values()), default=0.05)
    adjusted = holm([comparison.p_value for comparison in comparisons.values()])
    num_tests = sum(not math.isnan(p_value) for p_value in adjusted)
    return {
        name: CorrectedComparison(
            comparison=comparison,
            adjusted_p_value=p_value,
            verdict=verdict_of(comparison, p_value, level),
            num_comparisons=num_tests,
            level=level,
            smallest_difference=comparison.smallest_difference_at(level / max(1, num_tests)),
        )
        for (name, comparison), p_value in zip(comparisons.items(), adjusted, strict=True)
    }


def verdict_of(comparison: ModelComparison, adjusted_p_value: float, level: float) -> Verdict:
    """Returns what may be claimed of the candidate: a difference only where its adjusted p-value is below the level."""
    if not adjusted_p_value < level:
        return NOT_SHOWN
    return BETTER if comparison.accuracy.value > 0 else WORSE
