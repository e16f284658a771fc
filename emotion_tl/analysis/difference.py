"""What one model has over another."""

from dataclasses import dataclass
from math import isnan


@dataclass(frozen=True)
class Difference:
    """A metric of the candidate minus that of the baseline, as a fraction, with a paired interval.

    The ends are NaN where there are too few test images for one: then nothing is claimed.
    """

    value: float
    low: float
    high: float

    @property
    def has_interval(self) -> bool:
        """Returns whether there were test images enough for an interval."""
        return not isnan(self.low)
