"""Trains a model through the phases of a schedule."""

from pathlib import Path

from emotion_tl.config import ExperimentConfig
from emotion_tl.data.dataset import Dataset
from emotion_tl.models.transfer_model import TransferModel
from emotion_tl.training.history import EpochListener
from emotion_tl.training.inputs import phase_inputs
from emotion_tl.training.memory import explain_memory_errors
from emotion_tl.training.optimizers import check_accumulation
from emotion_tl.training.phase import fit_phase
from emotion_tl.training.record import TrainingRecord, TrainingResult


def train(
    model: TransferModel,
    dataset: Dataset,
    config: ExperimentConfig,
    output_dir: Path,
    listeners: tuple[EpochListener, ...] = (),
) -> TrainingResult:
    """Runs the phases of the schedule one after the other, each from the best weights so far.

    The epochs count on over the phases. What a phase keeps frozen is computed once, where it can be cached.

    Raises:
        ConfigurationError: where a phase ends before its first update.
        TrainingDivergedError: where the loss runs away.
        DeviceMemoryError: where a step does not fit into the memory of the device.
    """
    # Told before minutes are spent on activations.
    num_batches = max(len(dataset.train) // config.trainer.batch_size, 1)
    for phase in config.schedule.phases.values():
        check_accumulation(phase.epochs * num_batches, config.trainer.gradient_accumulation_steps)
    record = TrainingRecord(model.network, config.schedule.monitor, output_dir, listeners)
    for name, phase in config.schedule.phases.items():
        with explain_memory_errors(config, f"phase {name}"):
            inputs = phase_inputs(model, dataset, config, phase)
            fit_phase(model, inputs, config, name, record)
        record.end_phase(name, str(inputs.feed))
        # What it holds on the device goes before the next phase's comes.
        del inputs
    return record.result()
