"""Whether the trials of a search are heads on the features of one frozen backbone, which are then computed once."""

from collections.abc import Sequence
from dataclasses import replace

from emotion_tl.config import ExperimentConfig


def tries_heads_alone(configs: Sequence[ExperimentConfig]) -> bool:
    """Returns whether `HeadTrials` can run all of these configurations, as `check_search` returns them.

    They then differ in head, schedule, imbalance treatment, seed and tracking alone, pool the same way, and keep the
    backbone frozen in all phases.
    """
    first = configs[0]
    frozen = all(phase.trainable_blocks == 0 for config in configs for phase in config.schedule.phases.values())
    return first.trainer.cache != "off" and frozen and all(same_features(config, first) for config in configs)


def longest_trial(configs: Sequence[ExperimentConfig]) -> ExperimentConfig:
    """Returns the configuration with the longest phase: as many views of the images are made as it has epochs for."""
    return max(configs, key=lambda config: max(phase.epochs for phase in config.schedule.phases.values()))


def same_features(config: ExperimentConfig, other: ExperimentConfig) -> bool:
    """Returns whether the head of two experiments gets the same numbers from a frozen backbone."""
    shared = replace(
        config,
        seed=other.seed,
        head=other.head,
        schedule=other.schedule,
        imbalance=other.imbalance,
        evaluation=other.evaluation,
        tracking=other.tracking,
    )
    return shared == other and config.head.pooling == other.head.pooling
