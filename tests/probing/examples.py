"""Probes whose predictions are written by hand."""

from dataclasses import replace

import numpy as np

from emotion_tl.command_config import ProbeConfig
from emotion_tl.probing.linear_probe import LinearProbe
from emotion_tl.probing.probe_networks import ProbedNetwork
from tests import tiny

BLOCKS = ("first", "middle", "last")
TEST = tiny.make_split("test", [40, 40, 40])
WITH_COPIES = replace(TEST, has_copy=np.arange(len(TEST)) < 20)
ALL_COPIES = replace(TEST, has_copy=np.ones(len(TEST), dtype=bool))
CONFIG = ProbeConfig(num_bootstrap_resamples=200)


def probe(num_right: int, val_accuracy: float) -> LinearProbe:
    """Returns a probe that gets the first `num_right` test images right, and the others wrong."""
    predicted = np.where(np.arange(len(TEST)) < num_right, TEST.labels, (TEST.labels + 1) % 3)
    return LinearProbe(0.01, val_accuracy, np.eye(3)[predicted] * 0.7 + 0.1)


def network(weights: str, num_right: tuple[int, ...], val_accuracies: tuple[float, ...]) -> ProbedNetwork:
    """Returns a network with these probes on its blocks."""
    probes = {
        block: probe(*each) for block, each in zip(BLOCKS, zip(num_right, val_accuracies, strict=True), strict=True)
    }
    return ProbedNetwork(weights, dict(zip(BLOCKS, (8, 16, 32), strict=True)), probes)


PRETRAINED = network("imagenet", (60, 96, 72), (0.5, 0.75, 0.6))
RANDOM = network("random", (60, 54, 66), (0.5, 0.45, 0.55))
BOTH = {"pretrained": PRETRAINED, "random": RANDOM}
