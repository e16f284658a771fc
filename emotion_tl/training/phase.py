"""Fits one phase of a schedule: optimizer, loss, batches and callbacks of its own."""

from contextlib import closing

import keras

from emotion_tl.config import ExperimentConfig
from emotion_tl.distribution import average_statistics, num_devices_in_scope
from emotion_tl.models.transfer_model import TransferModel
from emotion_tl.runtime import choose_jit_compile, find_device
from emotion_tl.training.batches import EvaluationBatches, TrainingBatches
from emotion_tl.training.best_epoch import BestEpochCallback
from emotion_tl.training.callback_list import UnfetchedLogs
from emotion_tl.training.divergence import DivergenceGuard
from emotion_tl.training.freezing import learning_rate_multipliers, set_trainable
from emotion_tl.training.history import HistoryRecorder
from emotion_tl.training.inputs import PhaseInputs
from emotion_tl.training.losses import build_loss
from emotion_tl.training.optimizers import build_optimizer
from emotion_tl.training.progress import ProgressDisplay
from emotion_tl.training.state_callback import StateCallback
from emotion_tl.training.state_keeper import StateKeeper
from emotion_tl.training.tracing import ease_tracing
from emotion_tl.training_config import MONITORS, PhaseConfig

# A step of a head alone takes less time than telling of it.
HEAD_STEPS_PER_EXECUTION = 16


def fit_phase(keeper: StateKeeper, inputs: PhaseInputs, name: str) -> None:
    """Freezes, compiles and fits, with an optimizer and callbacks that no other phase has seen.

    The three belong together: `trainable` means nothing until the next `compile`, and callbacks carry state from one
    `fit` to the next. A phase that goes on gets both as they were.
    """
    config, record = keeper.config, keeper.record
    phase = config.schedule.phases[name]
    num_classes = inputs.network.output.shape[-1]
    batches = TrainingBatches(inputs.train, num_classes, config.trainer.batch_size, config.imbalance, config.seed)
    set_trainable(keeper.model, phase)
    compile_phase(keeper.model, inputs, config, phase, len(batches))
    first_epoch = record.num_epochs - record.num_epochs_of(name)
    display = ProgressDisplay(name, first_epoch, keeper.num_epochs(name), batches.batch_size, record.best)
    with closing(display), record.best.flushed_on_errors():
        inputs.network.fit(
            batches,
            validation_data=EvaluationBatches(inputs.val, num_classes, config.trainer.evaluation_batch_size),
            initial_epoch=record.num_epochs,
            epochs=first_epoch + phase.epochs,
            callbacks=UnfetchedLogs(
                list_callbacks(keeper, inputs, name, batches, display),
                add_history=True,
                model=inputs.network,
                epochs=first_epoch + phase.epochs,
                steps=len(batches),
                verbose=0,
            ),
            # The order is that of `batches`; Keras would draw another one of the batches.
            shuffle=False,
            verbose=0,
        )


def list_callbacks(
    keeper: StateKeeper, inputs: PhaseInputs, name: str, batches: TrainingBatches, display: ProgressDisplay
) -> list[keras.callbacks.Callback]:
    """Returns the callbacks of a phase in the order in which they are called."""
    config, record = keeper.config, keeper.record
    phase = config.schedule.phases[name]
    asked_for = phase_callbacks(phase, config.schedule.monitor)
    return [
        keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, _: batches.draw_order(epoch),
            on_test_begin=lambda _: average_statistics(inputs.network),
        ),
        *asked_for,
        DivergenceGuard(name, inputs.network.output.shape[-1], phase.learning_rate),
        BestEpochCallback(record.best),
        display,
        HistoryRecorder(record.add, name, len(batches) * batches.batch_size),
        StateCallback(keeper, name, str(inputs.feed), asked_for),
    ]


def compile_phase(
    model: TransferModel, inputs: PhaseInputs, config: ExperimentConfig, phase: PhaseConfig, num_batches: int
) -> None:
    """Compiles the network that a phase fits, with the optimizer and the loss of that phase."""
    trainer = config.trainer
    num_classes = inputs.network.output.shape[-1]
    inputs.network.compile(
        optimizer=build_optimizer(
            phase,
            num_batches,
            learning_rate_multipliers(model, phase.layer_decay),
            gradient_accumulation_steps=trainer.gradient_accumulation_steps,
        ),
        loss=build_loss(config.imbalance, phase.label_smoothing, inputs.train.class_counts(num_classes)),
        weighted_metrics=build_metrics(),
        jit_compile=choose_jit_compile(trainer, find_device()),
        steps_per_execution=min(choose_steps_per_execution(inputs, config, phase), num_batches),
    )
    ease_tracing(inputs.network)


def choose_steps_per_execution(inputs: PhaseInputs, config: ExperimentConfig, phase: PhaseConfig) -> int:
    """Returns the setting, or where that is null several steps where a head alone is trained on one device.

    TensorFlow's strategy for several devices, and the torch backend, take one step at a time.
    """
    if config.trainer.steps_per_execution is not None:
        return config.trainer.steps_per_execution
    is_head_alone = inputs.feed.layer is not None and phase.trainable_blocks == 0
    takes_several = keras.config.backend() != "torch" and num_devices_in_scope() == 1
    return HEAD_STEPS_PER_EXECUTION if is_head_alone and takes_several else 1


def build_metrics() -> list[keras.metrics.Metric]:
    """Returns what is measured after each epoch, on one-hot labels and logits.

    `log_loss` is the plain cross-entropy: comparable between runs whose training losses differ.
    """
    return [
        counting(keras.metrics.CategoricalAccuracy)(name="accuracy"),
        counting(keras.metrics.F1Score)(average="macro", name="macro_f1"),
        counting(keras.metrics.CategoricalCrossentropy)(from_logits=True, name="log_loss"),
    ]


def counting(metric_class: type[keras.metrics.Metric]) -> type[keras.metrics.Metric]:
    """Returns the metric that counts each image once, whatever its weight in the loss, and copies of weight 0 not."""

    class CountingMetric(metric_class):
        """The metric without class weights."""

        def update_state(self, y_true, y_pred, sample_weight=None):
            counted = None if sample_weight is None else keras.ops.cast(sample_weight > 0, "float32")
            return super().update_state(y_true, y_pred, counted)

    CountingMetric.__name__ = f"Counting{metric_class.__name__}"
    return CountingMetric


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
