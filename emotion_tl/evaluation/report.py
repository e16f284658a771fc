"""The evaluation of one split: with and without the images that are copies of others, in figures and for MLflow."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from emotion_tl.config import EvaluationConfig
from emotion_tl.errors import DataError
from emotion_tl.evaluation.intervals import bootstrap_intervals, class_f1_intervals
from emotion_tl.evaluation.metrics import compute_metrics
from emotion_tl.evaluation.predictions import has_leak_free_part


def evaluate(
    labels: ArrayLike,
    probabilities: ArrayLike,
    class_names: Sequence[str],
    has_copy: ArrayLike,
    config: EvaluationConfig,
    seed: int = 0,
) -> dict[str, Any]:
    """Returns the metrics of a split with their intervals, ready for JSON.

    Args:
        labels: (n,), positions of the true classes.
        probabilities: (n, num_classes), rows sum to 1.
        class_names: one name per column.
        has_copy: (n,) bool, whether the image is also in another split: such images reward memory.
        config: how the intervals and the calibration are computed.
        seed: of the resampling.

    Returns:
        official: the result of `compute_metrics` on all images, with "intervals" (see `bootstrap_intervals`) and, in
        each row of per_class, f1_low and f1_high; leak_free: the same on the images without a copy, None where no image
        has a copy, or less than two have none; num_copies.

    Raises:
        DataError: where labels, probabilities or has_copy are not what they should be.
    """
    labels, probabilities, has_copy = np.asarray(labels), np.asarray(probabilities), np.asarray(has_copy, dtype=bool)
    if has_copy.shape != labels.shape:
        raise DataError(
            f"Expected one has_copy per label, got {has_copy.shape} for labels {labels.shape}. Take both from the "
            "same split."
        )
    official = metrics_with_intervals(labels, probabilities, class_names, config, seed)
    leak_free = None
    if has_leak_free_part(has_copy):
        leak_free = metrics_with_intervals(labels[~has_copy], probabilities[~has_copy], class_names, config, seed)
    return {"official": official, "leak_free": leak_free, "num_copies": int(has_copy.sum())}


def metrics_with_intervals(
    labels: ArrayLike, probabilities: ArrayLike, class_names: Sequence[str], config: EvaluationConfig, seed: int
) -> dict[str, Any]:
    """Returns `compute_metrics` together with the bootstrap intervals."""
    metrics = compute_metrics(labels, probabilities, class_names, config.num_calibration_bins)
    resampling = (config.num_bootstrap_resamples, config.confidence_level)
    metrics["intervals"] = bootstrap_intervals(
        labels, probabilities, *resampling, num_calibration_bins=config.num_calibration_bins, seed=seed
    )
    class_intervals = class_f1_intervals(labels, probabilities, *resampling, seed=seed)
    for row, interval in zip(metrics["per_class"], class_intervals, strict=False):
        known = row["support"] > 0
        row |= {"f1_low": interval["low"] if known else None, "f1_high": interval["high"] if known else None}
    return metrics


def flatten_metrics(evaluation: dict[str, Any], prefix: str) -> dict[str, float]:
    """Returns the scalars of an evaluation under flat keys for MLflow.

    The keys are `<prefix>_<metric>`, with `_low` and `_high` for its interval, `<prefix>_recall_<class>` and
    `<prefix>_f1_<class>`, the same with `<prefix>_leak_free_` where there is a leak-free part, and
    `<prefix>_num_copies`. What is None is left out. In class names, characters that MLflow refuses and the slash, which
    would make folders in its charts, become underscores.
    """
    flat = {f"{prefix}_num_copies": float(evaluation["num_copies"])}
    for part, part_prefix in (("official", prefix), ("leak_free", f"{prefix}_leak_free")):
        if evaluation[part] is not None:
            flat |= {f"{part_prefix}_{key}": float(value) for key, value in flatten_part(evaluation[part]).items()}
    return flat


def flatten_part(metrics: dict[str, Any]) -> dict[str, float]:
    """Returns the scalars of `metrics_with_intervals` that are not None, without a prefix."""
    flat = {name: value for name, value in metrics.items() if isinstance(value, int | float)}
    for name, interval in metrics["intervals"].items():
        flat |= {f"{name}_low": interval["low"], f"{name}_high": interval["high"]}
    rows = metrics["per_class"]
    for key, row in zip(metric_keys([row["class"] for row in rows]), rows, strict=True):
        flat |= {f"{score}_{key}": row[score] for score in ("recall", "f1") if row[score] is not None}
    return flat


def metric_keys(class_names: Sequence[str]) -> list[str]:
    """Returns the class names as parts of MLflow keys, with their position behind those that would repeat another's."""
    keys: list[str] = []
    for position, name in enumerate(class_names):
        key = re.sub(r"[^\w.-]+", "_", name)
        keys.append(f"{key}_{position}" if key in keys else key)
    return keys
