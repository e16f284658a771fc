"""What the probes show, in sentences with their intervals."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from emotion_tl.analysis.best_probe import best_probe, main_probes
from emotion_tl.analysis.wording import told_difference, told_p_value
from emotion_tl.command_config import ProbeConfig
from emotion_tl.data.dataset import Split
from emotion_tl.evaluation.told import told_level
from emotion_tl.probing.probe_networks import ProbedNetwork
from emotion_tl.probing.probe_table import compare_probes


def tell_findings(
    networks: Mapping[str, ProbedNetwork], table: pd.DataFrame, test: Split, config: ProbeConfig
) -> list[str]:
    """Returns which block is best by val, what it gains over the last one, and what pretraining gains at it."""
    row = best_probe(table)
    main, best = str(row["weights"]), str(row["block"])
    level = f"{told_level(config.confidence_level)} interval"
    low, high = 100 * row["accuracy_low"], 100 * row["accuracy_high"]
    accuracy = f"{100 * row['accuracy']:.1f} % on test ({level} {low:.1f}–{high:.1f})"
    findings = [f"Best block by val: {best} with {main} weights, {accuracy}."]
    findings.append(tell_gain_over_last(networks[main], best, test, config, level))
    if pd.notna(row["gain"]):
        findings.append(tell_gain_of_pretraining(row, main_probes(table), config, level))
    return findings


def tell_gain_over_last(network: ProbedNetwork, best: str, test: Split, config: ProbeConfig, level: str) -> str:
    """Returns what the best block has over the last one."""
    last = list(network.probes)[-1]
    if best == last:
        return "It is the last block."
    comparison = compare_probes(network.probes[last], network.probes[best], test, config)
    difference, p_value = told_difference(comparison.accuracy, level), told_p_value(comparison.p_value)
    return f"Over the last block, {last}: {difference}, McNemar {p_value}."


def tell_gain_of_pretraining(row: Mapping[Hashable, Any], rows: pd.DataFrame, config: ProbeConfig, level: str) -> str:
    """Returns what pretrained weights have over random ones at the best block, and at how many blocks they have it."""
    low, high = 100 * row["gain_low"], 100 * row["gain_high"]
    is_shown = rows["adjusted_p_value"] < 1 - config.confidence_level
    num_better = int((is_shown & (rows["gain"] > 0)).sum())
    worse = int((is_shown & (rows["gain"] < 0)).sum())
    p_value = told_p_value(row["adjusted_p_value"])
    lost = f", worse at {worse}" if worse else ""
    return (
        f"Pretrained over random weights at {row['block']}: {100 * row['gain']:+.1f} points ({level} {low:+.1f} to "
        f"{high:+.1f}), McNemar {p_value} after Holm; better at {num_better} of "
        f"{len(rows)} blocks{lost}."
    )
