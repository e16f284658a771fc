"""One trial: a training, judged on val, as an MLflow run below that of the search. Test images are not looked at."""

import time
from collections.abc import Callable
from pathlib import Path

from omegaconf import OmegaConf

from emotion_tl.config import to_plain
from emotion_tl.data.dataset import load_dataset
from emotion_tl.distribution import build_distribution
from emotion_tl.errors import TrainingDivergedError
from emotion_tl.inference.model_file import describe_model, save_model
from emotion_tl.models.transfer_model import build_transfer_model
from emotion_tl.runtime import configure
from emotion_tl.tracking.run import TrackedRun, track_run
from emotion_tl.training.record import TrainingResult
from emotion_tl.training.trainer import train
from emotion_tl.tuning.executors import TrialTask
from emotion_tl.tuning.search_folder import TrialResult


def run_trial(task: TrialTask, training: Callable[[TrackedRun], TrainingResult]) -> TrialResult:
    """Runs a training as an MLflow run, and returns what it came to.

    Raises:
        EmotionTLError: where it fails; the run then says why.
    """
    config, monitor = task.config, task.config.schedule.monitor
    task.folder.mkdir(parents=True, exist_ok=True)
    (task.folder / "config.yaml").write_text(OmegaConf.to_yaml(to_plain(config)), encoding="utf-8")
    with track_run(config.tracking, config.data.name, f"trial {task.trial_id}", task.folder) as run:
        run.log_parameters(task.parameters)
        started = time.perf_counter()
        result = training(run)
        seconds = time.perf_counter() - started
        if result.best_epoch is None:
            raise TrainingDivergedError(f"No epoch gave a {monitor} that is a number.")
        best = {f"best_{monitor}": result.best_value, "best_epoch": result.best_epoch}
        run.log_metrics({**best, "training_seconds": seconds})
        run.log_tags({"trial": task.trial_id})
    return TrialResult("finished", result.best_value, len(result.history), seconds, run_id=run.run_id)


def train_whole_trial(task: TrialTask) -> TrialResult:
    """Trains a network through its phases and leaves it as a model; takes a process of its own."""
    config = task.config
    device = configure(config.trainer, config.seed)
    distribution = build_distribution(config, device.names)
    dataset = load_dataset(config.data, Path(config.cache_dir))
    with distribution.scope():
        model = build_transfer_model(config, dataset.image_shape, dataset.num_classes)

    def training(run: TrackedRun) -> TrainingResult:
        with distribution.scope():
            return train(model, dataset, config, task.folder, (run.log_epoch,), task.stretch)

    result = run_trial(task, training)
    save_model(model.probabilities(), describe_model(model, dataset, config), task.folder / "model.keras")
    return result
