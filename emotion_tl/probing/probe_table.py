"""What the probes came to, a row for each block and weights, and what pretraining gains at each block."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from emotion_tl.analysis.family import holm
from emotion_tl.analysis.model_comparison import ModelComparison, compare_models
from emotion_tl.analysis.model_predictions import ModelPredictions
from emotion_tl.command_config import ProbeConfig
from emotion_tl.data.dataset import Split
from emotion_tl.evaluation.intervals import bootstrap_intervals
from emotion_tl.evaluation.predictions import has_leak_free_part
from emotion_tl.probing.linear_probe import LinearProbe
from emotion_tl.probing.probe_networks import ProbedNetwork

GAIN_COLUMNS = ["gain", "gain_low", "gain_high", "p_value", "adjusted_p_value"]


def tabulate_probes(networks: Mapping[str, ProbedNetwork], test: Split, config: ProbeConfig) -> pd.DataFrame:
    """Returns a row for each weights and block.

    Columns: weights (of `COMPARED_WEIGHTS`), block, depth (1 is the first block), num_features, regularisation,
    val_accuracy, accuracy and leak_free_accuracy with _low and _high, num_leak_free_images (without a copy in train or
    val). The rows of pretrained weights that stand beside random ones also have gain, in accuracy over these, with _low
    and _high, p_value and adjusted_p_value, Holm's over the blocks. Shares are fractions.

    Args:
        networks: by what their weights are in `COMPARED_WEIGHTS`.
        test: the images that the probes were tested on.
    """
    rows = [
        {"weights": compared, "block": block, "depth": depth, "num_features": network.widths[block]}
        | describe_probe(probe, test, config)
        for compared, network in networks.items()
        for depth, (block, probe) in enumerate(network.probes.items(), start=1)
    ]
    table = pd.DataFrame(rows)
    if {"pretrained", "random"} <= set(networks):
        gains = tabulate_gains(networks["pretrained"], networks["random"], test, config)
        return table.merge(gains, on=["weights", "block"], how="left")
    return table.reindex(columns=[*table.columns, *GAIN_COLUMNS])


def describe_probe(probe: LinearProbe, test: Split, config: ProbeConfig) -> dict[str, float]:
    """Returns the figures of a probe; without a leak-free part its figures are NaN."""
    described = {"regularisation": probe.regularisation, "val_accuracy": probe.val_accuracy}
    described |= accuracy_with_interval(probe, test, np.ones(len(test), dtype=bool), "accuracy", config)
    is_leak_free = ~test.has_copy
    described["num_leak_free_images"] = int(is_leak_free.sum())
    if not has_leak_free_part(test.has_copy):
        return described | dict.fromkeys([f"leak_free_accuracy{end}" for end in ("", "_low", "_high")], np.nan)
    return described | accuracy_with_interval(probe, test, is_leak_free, "leak_free_accuracy", config)


def accuracy_with_interval(
    probe: LinearProbe, test: Split, is_counted: np.ndarray, name: str, config: ProbeConfig
) -> dict[str, float]:
    """Returns the accuracy on some of the test images, and its interval."""
    labels, probabilities = test.labels[is_counted], probe.test_probabilities[is_counted]
    intervals = bootstrap_intervals(
        labels, probabilities, config.num_bootstrap_resamples, config.confidence_level, seed=config.seed
    )
    accuracy = float((probabilities.argmax(axis=1) == labels).mean())
    interval = intervals.get("accuracy", {"low": np.nan, "high": np.nan})
    return {name: accuracy, f"{name}_low": interval["low"], f"{name}_high": interval["high"]}


def tabulate_gains(pretrained: ProbedNetwork, random: ProbedNetwork, test: Split, config: ProbeConfig) -> pd.DataFrame:
    """Returns for each block what pretrained weights gain over random ones, on the same test images."""
    rows = []
    for block, probe in pretrained.probes.items():
        comparison = compare_probes(random.probes[block], probe, test, config)
        gain = comparison.accuracy
        row = {"gain": gain.value, "gain_low": gain.low, "gain_high": gain.high, "p_value": comparison.p_value}
        rows.append({"weights": "pretrained", "block": block} | row)
    gains = pd.DataFrame(rows)
    gains["adjusted_p_value"] = holm(gains["p_value"].tolist())
    return gains


def compare_probes(baseline: LinearProbe, candidate: LinearProbe, test: Split, config: ProbeConfig) -> ModelComparison:
    """Returns what one probe has over another on the test images."""
    return compare_models(
        predictions_of(candidate, "candidate", test, config),
        predictions_of(baseline, "baseline", test, config),
        config.num_bootstrap_resamples,
        config.confidence_level,
        config.seed,
    )


def predictions_of(probe: LinearProbe, name: str, test: Split, config: ProbeConfig) -> ModelPredictions:
    """Returns what a probe said about the test images, as of a model that was trained once."""
    class_names = tuple(map(str, range(probe.test_probabilities.shape[1])))
    probabilities = probe.test_probabilities[np.newaxis]
    return ModelPredictions(name, (config.seed,), test.labels, probabilities, test.has_copy, class_names)
