"""Trains a model through the phases of a schedule."""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from emotion_tl.config import MONITORS, ExperimentConfig, PhaseConfig
from emotion_tl.data.dataset import Dataset, Split
from emotion_tl.models.transfer_model import TransferModel
from emotion_tl.training.batches import EvaluationBatches, TrainingBatches
from emotion_tl.training.best_epoch import BestEpoch, BestEpochCallback
from emotion_tl.training.divergence import DivergenceGuard
from emotion_tl.training.freezing import learning_rate_multipliers, set_trainable
from emotion_tl.training.history import EpochListener, HistoryRecorder, Row, history_table
from emotion_tl.training.losses import build_loss
from emotion_tl.training.memory import explain_memory_errors
from emotion_tl.training.optimizers import build_optimizer
from emotion_tl.training.progress import ProgressDisplay


@dataclass(frozen=True)
class TrainingResult:
    """What a training leaves; the model holds the weights of the best epoch.

    Attributes:
        history: a row an epoch over all phases, see `emotion_tl.training.history`.
        best_epoch: number of the epoch that was chosen on val.
        best_value: its value of the schedule's metric.
    """

    history: pd.DataFrame
    best_epoch: int | None
    best_value: float


def train(
    model: TransferModel,
    dataset: Dataset,
    config: ExperimentConfig,
    output_dir: Path,
    listeners: tuple[EpochListener, ...] = (),
) -> TrainingResult:
    """Runs the phases of the schedule one after the other, each from the best weights so far.

    The epochs count on over the phases. `history.csv` and the best weights in `output_dir` are brought up to date after
    each epoch, so that they outlive an interruption.

    Raises:
        TrainingDivergedError: where the loss runs away.
        DeviceMemoryError: where a step does not fit into the memory of the device.
    """
    best = BestEpoch(model.network, config.schedule.monitor, output_dir)
    rows: list[Row] = []

    def save_history(_: Row) -> None:
        history_table(rows, best.epoch).to_csv(output_dir / "history.csv", index=False)

    for name, phase in config.schedule.phases.items():
        with explain_memory_errors(config, f"phase {name}"):
            run_phase(model, dataset, config, name, phase, best, rows, [save_history, *listeners])
        best.restore()
    return TrainingResult(history_table(rows, best.epoch), best.epoch, best.value)


def run_phase(
    model: TransferModel,
    dataset: Dataset,
    config: ExperimentConfig,
    name: str,
    phase: PhaseConfig,
    best: BestEpoch,
    rows: list[Row],
    listeners: list[EpochListener],
) -> None:
    """Freezes, compiles and fits one phase, with an optimizer and callbacks of its own.

    The three belong together: `trainable` means nothing until the next `compile`, and callbacks carry state from one
    `fit` to the next.
    """
    batches = TrainingBatches(
        dataset.train, dataset.num_classes, config.trainer.batch_size, config.imbalance, config.seed
    )
    set_trainable(model, phase)
    model.network.compile(
        optimizer=build_optimizer(phase, len(batches), learning_rate_multipliers(model, phase.layer_decay)),
        loss=build_loss(config.imbalance, phase.label_smoothing, dataset.train.class_counts(dataset.num_classes)),
        metrics=build_metrics(),
        jit_compile="auto" if config.trainer.jit_compile is None else config.trainer.jit_compile,
    )
    num_images = len(batches) * batches.batch_size
    display = ProgressDisplay(name, len(rows), phase.epochs, batches.batch_size, best)
    try:
        model.network.fit(
            batches,
            validation_data=EvaluationBatches(dataset.val, dataset.num_classes, config.trainer.evaluation_batch_size),
            initial_epoch=len(rows),
            epochs=len(rows) + phase.epochs,
            callbacks=[
                keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, _: batches.draw_order(epoch)),
                *phase_callbacks(phase, config.schedule.monitor),
                DivergenceGuard(name, dataset.num_classes, phase.learning_rate),
                BestEpochCallback(best),
                display,
                HistoryRecorder(rows, name, num_images, listeners),
            ],
            verbose=0,
        )
    finally:
        display.close()


def build_metrics() -> list[keras.metrics.Metric]:
    """Returns what is measured after each epoch, on one-hot labels and logits.

    `log_loss` is the plain cross-entropy: comparable between runs whose training losses differ.
    """
    return [
        keras.metrics.CategoricalAccuracy(name="accuracy"),
        keras.metrics.F1Score(average="macro", name="macro_f1"),
        keras.metrics.CategoricalCrossentropy(from_logits=True, name="log_loss"),
    ]


def phase_callbacks(phase: PhaseConfig, monitor: str) -> list[keras.callbacks.Callback]:
    """Returns the Keras callbacks a phase asks for.

    The moving average comes first: it leaves its weights in the model at the end of an epoch, where the best are saved.
    """
    monitor = phase.monitor or monitor
    mode = MONITORS[monitor]
    callbacks: list[keras.callbacks.Callback] = []
    if phase.ema_momentum is not None:
        callbacks.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    if phase.learning_rate_schedule == "plateau":
        callbacks.append(
            keras.callbacks.ReduceLROnPlateau(
                monitor=monitor, mode=mode, factor=phase.plateau_factor, patience=phase.plateau_patience
            )
        )
    if phase.early_stopping_patience is not None:
        callbacks.append(
            keras.callbacks.EarlyStopping(monitor=monitor, mode=mode, patience=phase.early_stopping_patience)
        )
    return callbacks


def predict_probabilities(model: keras.Model, split: Split, num_classes: int, batch_size: int) -> np.ndarray:
    """Returns float32 probabilities (n, num_classes) of all images of a split, in their order."""
    return np.asarray(model.predict(EvaluationBatches(split, num_classes, batch_size), verbose=0))
