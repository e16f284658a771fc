"""Trains head after head on one frozen backbone: its features are computed, read and put on the device once for all."""

from dataclasses import replace
from pathlib import Path

import keras

from emotion_tl.config import ExperimentConfig
from emotion_tl.data.dataset import Dataset
from emotion_tl.errors import ConfigurationError
from emotion_tl.models.heads import classify
from emotion_tl.models.transfer_model import TransferModel
from emotion_tl.training.history import EpochListener
from emotion_tl.training.inputs import phase_inputs
from emotion_tl.training.kept_heads import KeptHeads, can_keep
from emotion_tl.training.memory import explain_memory_errors
from emotion_tl.training.record import TrainingRecord, TrainingResult
from emotion_tl.training.state_keeper import StateKeeper
from emotion_tl.training.stretch import Stretch
from emotion_tl.training.trainer import WHOLE_TRAINING, run_phases
from emotion_tl.training_config import PhaseConfig


class HeadTrials:
    """The pooled features of a data set behind one backbone, on which heads are tried.

    A trial may change the units, dropout and BatchNormalization of the head, the imbalance treatment, the seed and all
    settings of its phases, each of which keeps the backbone frozen. All of them see the same views of the images.
    """

    def __init__(self, model: TransferModel, dataset: Dataset, config: ExperimentConfig):
        """Computes the features, or reads them from the cache.

        Raises:
            ConfigurationError: where the features cannot be cached.
            DeviceMemoryError: where they do not fit into the memory of the device, or the frozen network does not.
        """
        most_epochs = max(phase.epochs for phase in config.schedule.phases.values())
        with explain_memory_errors(config, "features of the head trials"):
            self.inputs = phase_inputs(model, dataset, config, PhaseConfig(epochs=most_epochs, trainable_blocks=0))
        if self.inputs.feed.layer is None:
            raise ConfigurationError(
                "Head trials: expected trainer.cache=auto, room for the features, and a backbone without dropout. "
                f"Received: {config.backbone.name} with trainer.cache={config.trainer.cache}. Where the cache was in "
                "the way, the log says why."
            )
        self.config = config
        self.weights = model.weights
        self.num_classes = dataset.num_classes
        self.fingerprint = dataset.fingerprint
        self.kept_heads = KeptHeads()

    def train(
        self,
        config: ExperimentConfig,
        output_dir: Path,
        listeners: tuple[EpochListener, ...] = (),
        stretch: Stretch = WHOLE_TRAINING,
    ) -> TrainingResult:
        """Trains one head through the phases of its schedule.

        `history.csv` and the best weights are in the folder when it returns; `build_head` takes the weights.

        Args:
            listeners: are told each epoch.
            stretch: how much of the training is done now, and what it goes on from.

        Raises:
            ConfigurationError: where the configuration is not about a head on these features.
            TrainingStateError: where what the trial is to go on from is missing, damaged, or of another one.
            TrainingDivergedError: where the loss runs away.
        """
        self.check(config)
        keras.utils.set_random_seed(config.seed)
        head = self.build_head(config)
        kept = self.kept_heads.find(head, config) if can_keep(config) else None
        if kept:
            head = kept.head
        inputs = replace(self.inputs, feed=replace(self.inputs.feed, network=head.network))
        record = TrainingRecord(head.network, config.schedule.monitor, output_dir, listeners)
        record.best.postpone()
        keeper = StateKeeper(head, config, self.fingerprint, record, stretch)
        return run_phases(keeper, lambda phase: kept.feed(inputs, phase) if kept else inputs)

    def build_head(self, config: ExperimentConfig) -> TransferModel:
        """Returns a new head on the features, as a network of no blocks."""
        features = keras.Input(self.inputs.feed.network.input.shape[1:], name="features")
        network = keras.Model(features, classify(features, config.head, self.num_classes, config.seed), name="head")
        return TransferModel(network, (), tuple(layer for layer in network.layers if layer.weights), self.weights)

    def check(self, config: ExperimentConfig) -> None:
        """Checks that a trial differs from the others in its head and its training alone.

        Raises:
            ConfigurationError: naming what differs.
        """
        for section in ("data", "backbone", "augmentation"):
            if getattr(config, section) != getattr(self.config, section):
                raise ConfigurationError(f"A head trial cannot change {section}: its features are those of the others.")
        if config.head.pooling != self.config.head.pooling:
            raise ConfigurationError("A head trial cannot change head.pooling: the features are pooled.")
        for name, phase in config.schedule.phases.items():
            if phase.trainable_blocks != 0:
                raise ConfigurationError(
                    f"schedule.phases.{name}.trainable_blocks: expected 0 in a head trial. "
                    f"Received: {phase.trainable_blocks}"
                )
