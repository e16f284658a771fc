"""Trains a model through the phases of a schedule."""

from collections.abc import Callable
from pathlib import Path

from emotion_tl.config import ExperimentConfig
from emotion_tl.data.dataset import Dataset
from emotion_tl.models.transfer_model import TransferModel
from emotion_tl.training.full_disk import explain_full_disk
from emotion_tl.training.history import EpochListener
from emotion_tl.training.inputs import PhaseInputs, phase_inputs
from emotion_tl.training.memory import explain_memory_errors
from emotion_tl.training.optimizers import check_accumulation
from emotion_tl.training.phase import fit_phase
from emotion_tl.training.record import TrainingRecord, TrainingResult
from emotion_tl.training.state_keeper import StateKeeper
from emotion_tl.training.stretch import Stretch
from emotion_tl.training_config import PhaseConfig

# One that does not stop, goes on from nothing and leaves nothing to go on from.
WHOLE_TRAINING = Stretch()


def train(
    model: TransferModel,
    dataset: Dataset,
    config: ExperimentConfig,
    output_dir: Path,
    listeners: tuple[EpochListener, ...] = (),
    stretch: Stretch = WHOLE_TRAINING,
) -> TrainingResult:
    """Runs the phases of the schedule one after the other, each from the best weights so far.

    The epochs count on over the phases. What a phase keeps frozen is computed once, where it can be cached.

    Args:
        model: as it was built. Where the training goes on from another one, it gets the weights from there.
        listeners: are told each epoch that is trained now.
        stretch: how much of the training is done now, and what it goes on from.

    Raises:
        ConfigurationError: where a phase ends before its first update.
        TrainingStateError: where what the training is to go on from is missing, damaged, or of another training.
        TrainingDivergedError: where the loss runs away.
        DeviceMemoryError: where a step does not fit into the memory of the device.
        FullDiskError: where the disk has no room for the best weights, or for what the training goes on from.
    """
    # Told before minutes are spent on activations.
    num_batches = max(len(dataset.train) // config.trainer.batch_size, 1)
    for phase in config.schedule.phases.values():
        check_accumulation(phase.epochs * num_batches, config.trainer.gradient_accumulation_steps)
    record = TrainingRecord(model.network, config.schedule.monitor, output_dir, listeners)
    keeper = StateKeeper(model, config, dataset.fingerprint, record, stretch)
    return run_phases(keeper, lambda phase: phase_inputs(model, dataset, config, phase))


def run_phases(keeper: StateKeeper, make_inputs: Callable[[PhaseConfig], PhaseInputs]) -> TrainingResult:
    """Runs what a stretch of a training has left of its phases.

    Args:
        keeper: knows the training and where it stands.
        make_inputs: returns what a phase is fed; called when its turn comes.
    """
    for name, phase in keeper.config.schedule.phases.items():
        if not keeper.has_work(name):
            keeper.pass_over(name)
            continue
        stage = f"phase {name}"
        with explain_memory_errors(keeper.config, stage), explain_full_disk(keeper.record.folder, stage):
            inputs = make_inputs(phase)
            fit_phase(keeper, inputs, name)
            keeper.record.end_phase(name, str(inputs.feed))
        # What it holds on the device goes before the next phase's comes.
        del inputs
    return keeper.record.result()
