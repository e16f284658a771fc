"""Trains the same thing in one go and in stretches: `python -m tests.training.continuing jax CASE FOLDER`.

The tests call this for the backend they run on; another backend, and a killed process, take a process of their own.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from emotion_tl.runtime import configure, select_backend

if __name__ == "__main__":
    select_backend(sys.argv[1])

import keras
import numpy as np

from emotion_tl.config import AugmentationConfig, ExperimentConfig, HeadConfig
from emotion_tl.models.transfer_model import build_transfer_model
from emotion_tl.training.record import TrainingResult
from emotion_tl.training.stretch import Stretch
from emotion_tl.training.trainer import train
from emotion_tl.training_config import TrainerConfig
from tests import tiny
from tests.tiny import make_config, make_phase

MEASURED = ["seconds", "images_per_second"]
EPOCHS = 4
FAST = {"learning_rate": 1e-2}
# A head that draws random numbers of its own.
HEAD = HeadConfig(name="mlp", pooling="flatten", units=[8], dropout=0.3, batch_norm=True)
AUGMENTATION = AugmentationConfig(horizontal_flip=True, rotation_factor=0.1, contrast_factor=0.2, erasing_factor=0.5)
FROZEN = {"trainable_blocks": 0, "epochs": 2, **FAST}


@contextmanager
def deterministic_operations() -> Iterator[None]:
    """Runs as `trainer.deterministic=true` makes them."""
    from tensorflow.python.framework import config as framework_config

    configure(TrainerConfig(deterministic=True), 0)
    yield
    framework_config.disable_op_determinism()


def make_case(*phases: dict, cache: str = "off", accumulation: int = 1, **sections) -> ExperimentConfig:
    """Returns an experiment; the last of its phases has `EPOCHS` epochs."""
    *first, last = phases
    config = make_config(*(make_phase(**each) for each in first), make_phase(**{"epochs": EPOCHS, **last}), **sections)
    config.trainer.cache = cache
    config.trainer.gradient_accumulation_steps = accumulation
    return config


COSINE = {"learning_rate_schedule": "cosine", "warmup_epochs": 0.5, **FAST}
# Steps too small for an improvement: after the first epoch and two more the learning rate is lowered.
PLATEAU = {
    "learning_rate_schedule": "plateau",
    "plateau_patience": 2,
    "plateau_factor": 0.5,
    "monitor": "val_loss",
    "optimizer": "sgd",
    "learning_rate": 3e-6,
}
CASES: dict[str, Callable[[], ExperimentConfig]] = {
    # The two that every test run sees; the others say which part it was.
    "everything on images": lambda: make_case(
        COSINE | {"ema_momentum": 0.7, "gradient_clip_norm": 0.5},
        accumulation=2,
        head=HEAD,
        augmentation=AUGMENTATION,
        monitor="val_log_loss",
    ),
    "two cached phases": lambda: make_case(
        FROZEN, PLATEAU | {"trainable_blocks": 1}, cache="auto", head=replace(HEAD, batch_norm=False)
    ),
    "adam with a cosine": lambda: make_case(COSINE | {"gradient_clip_norm": 0.5}, head=HEAD),
    "sgd": lambda: make_case({"optimizer": "sgd", "weight_decay": 1e-3, **FAST}, head=HEAD),
    "plateau": lambda: make_case(PLATEAU, head=replace(HEAD, batch_norm=False)),
    "augmentation": lambda: make_case(FAST, head=HEAD, augmentation=AUGMENTATION),
    "moving average": lambda: make_case(COSINE | {"optimizer": "adamw", "ema_momentum": 0.7}, head=HEAD),
    # 3 batches an epoch: an accumulation reaches over the stop.
    "accumulation": lambda: make_case(FAST | {"ema_momentum": 0.7}, accumulation=2, head=HEAD),
    "two phases": lambda: make_case(FROZEN, COSINE | {"layer_decay": 0.5}, head=HEAD, augmentation=AUGMENTATION),
}


def train_stretch(
    config: ExperimentConfig, dataset, folder: Path, stretch: Stretch, listeners=()
) -> tuple[TrainingResult, keras.Model]:
    """Builds the network anew and trains it, as a new process does."""
    folder.mkdir(parents=True, exist_ok=True)
    config.cache_dir = str(folder.parent / "cache")
    keras.utils.set_random_seed(config.seed)
    model = build_transfer_model(config, dataset.image_shape, dataset.num_classes)
    return train(model, dataset, config, folder, listeners, stretch), model.network


def train_in_stretches(
    config: ExperimentConfig, dataset, folder: Path, stops: tuple[int, ...]
) -> tuple[TrainingResult, keras.Model]:
    """Trains up to each of the stops, and then to the end, each time in a folder of its own."""
    resume_from = None
    for number, num_epochs in enumerate((*stops, None)):
        stretch = Stretch(num_epochs, resume_from, keep_state="end")
        resume_from = folder / str(number)
        result, network = train_stretch(config, dataset, resume_from, stretch)
    return result, network


def find_differences(
    dataset, one: tuple[TrainingResult, keras.Model], other: tuple[TrainingResult, keras.Model]
) -> list[str]:
    """Returns in what two trainings differ, to the last bit."""
    histories = [result.history.drop(columns=MEASURED) for result, _ in (one, other)]
    weights = [[np.array(weight) for weight in network.get_weights()] for _, network in (one, other)]
    predictions = [network.predict(dataset.val.images, verbose=0) for _, network in (one, other)]
    same = {
        "history": histories[0].equals(histories[1]),
        "best epoch": (one[0].best_epoch, one[0].best_value) == (other[0].best_epoch, other[0].best_value),
        "inputs": one[0].inputs == other[0].inputs,
        "weights": all(np.array_equal(mine, theirs) for mine, theirs in zip(*weights, strict=True)),
        "predictions": np.array_equal(*predictions),
    }
    return [name for name, is_same in same.items() if not is_same]


def compare(case: str, folder: Path, stops: tuple[int, ...] = (1, 3)) -> list[str]:
    """Returns in what a training in stretches differs from the one in one go."""
    dataset = tiny.make_dataset()
    whole = train_stretch(CASES[case](), dataset, folder / "whole", Stretch())
    return find_differences(dataset, whole, train_in_stretches(CASES[case](), dataset, folder, stops))


def make_endless() -> ExperimentConfig:
    """Returns a training that takes long enough for its process to be killed."""
    return make_case(COSINE | {"epochs": 60}, head=HEAD, augmentation=AUGMENTATION)


if __name__ == "__main__":
    if sys.argv[2] == "--until-killed":
        configure(TrainerConfig(deterministic=True), 0)
        train_stretch(make_endless(), tiny.make_dataset(), Path(sys.argv[3]), Stretch(keep_state="epoch"))
    else:
        print(json.dumps(compare(sys.argv[2], Path(sys.argv[3]))))
