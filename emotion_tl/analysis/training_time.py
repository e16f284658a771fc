"""What a training took, seed by seed, and what of it the cache may have spared."""

from math import nan

import numpy as np

from emotion_tl.analysis.compared_model import ComparedModel
from emotion_tl.tracking.run_record import RunRecord

CACHE_CAVEAT = (
    "Seconds count what a run itself computed: features that an earlier run had left in the cache cost it nothing. "
    "What a run spent outside its epochs tells whether it computed them; the table of the runs, at the end, has both"
)


def training_seconds(run: RunRecord) -> float:
    """Returns how long a run trained; NaN where it does not tell."""
    return run.metrics.get("training_seconds", nan)


def slowest_seconds(model: ComparedModel) -> float:
    """Returns how long the slowest seed trained, mostly the first, which computes the features of the others.

    NaN where a run does not tell.
    """
    return float(np.max([training_seconds(run) for run in model.runs]))


def seconds_outside_epochs(run: RunRecord) -> float:
    """Returns what a run spent outside its epochs, on computing features above all; 0 where it does not tell."""
    return max(0.0, training_seconds(run) - float(run.history["seconds"].sum()))
