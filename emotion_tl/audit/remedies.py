"""What can be done about copies and images that say nothing: what each choice of `data.dedup` would leave out."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from emotion_tl.config import DEDUP_CHOICES, DataConfig
from emotion_tl.data.dataset import load_dataset
from emotion_tl.data.sources.split_names import SPLITS
from emotion_tl.errors import DataError


@dataclass(frozen=True, eq=False)
class Remedy:
    """What one choice of `data.dedup` leaves out.

    Attributes:
        dedup: the choice.
        left_out: number of images; a row a reason, a column a split.
        obstacle: why the choice cannot be made with these data; None where it can.
    """

    dedup: str
    left_out: pd.DataFrame
    obstacle: str | None = None

    @property
    def num_left_out(self) -> int:
        """Returns the number of images that are left out in all."""
        return int(self.left_out.to_numpy().sum())

    def summary(self) -> dict[str, Any]:
        """Returns the figures, for JSON."""
        return {
            "num_left_out": self.num_left_out,
            "by_reason": self.left_out.to_dict("index"),
            "obstacle": self.obstacle,
        }


def try_remedies(config: DataConfig, cache_dir: Path) -> list[Remedy]:
    """Selects the images with each choice of `data.dedup`, as a run with it does."""
    return [try_remedy(replace(config, dedup=dedup), cache_dir) for dedup in DEDUP_CHOICES if dedup != "none"]


def try_remedy(config: DataConfig, cache_dir: Path) -> Remedy:
    """Selects the images as configured and counts what is left out."""
    try:
        left_out = load_dataset(config, cache_dir).left_out
    except DataError as error:
        # Such as a class of which nothing is left.
        return Remedy(config.dedup, pd.DataFrame(columns=list(SPLITS)), str(error))
    counts = pd.crosstab(left_out["reason"], left_out["split"]).reindex(columns=list(SPLITS), fill_value=0)
    return Remedy(config.dedup, counts)
