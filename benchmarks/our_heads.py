"""Tries heads on cached features through `emotion_tl.training.head_trials`, or writes the features for the peer."""

import json
import os
import time
from argparse import ArgumentParser, Namespace
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hydra import compose, initialize_config_dir

from emotion_tl.cli.composition import config_folder
from emotion_tl.config import ExperimentConfig, to_typed


def main() -> None:
    arguments = parse_arguments()
    if arguments.num_threads:
        # Read by TensorFlow when it starts: several processes would otherwise fight for all cores.
        os.environ["TF_NUM_INTRAOP_THREADS"] = str(arguments.num_threads)
    with initialize_config_dir(str(config_folder("train")), version_base="1.3"):
        config = to_typed(ExperimentConfig, compose("train", arguments.overrides))
    trials = open_trials(config)
    if not arguments.trials:
        write_features(trials, arguments.result)
        return
    started = time.perf_counter()
    accuracies = [
        try_head(trials, config, trial)
        for number, trial in enumerate(arguments.trials)
        if take(arguments.taken / str(number))
    ]
    measures = {"trial_seconds": time.perf_counter() - started, "val_accuracy": accuracies}
    arguments.result.write_text(json.dumps(measures))


def open_trials(config: ExperimentConfig):
    """Returns the features of a data set behind the backbone of a configuration."""
    from emotion_tl.runtime import configure

    configure(config.trainer, config.seed)
    from emotion_tl.data.dataset import load_dataset
    from emotion_tl.models.transfer_model import build_transfer_model
    from emotion_tl.training.head_trials import HeadTrials

    dataset = load_dataset(config.data, Path(config.cache_dir))
    return HeadTrials(build_transfer_model(config, dataset.image_shape, dataset.num_classes), dataset, config)


def take(mark: Path) -> bool:
    """Takes a trial, and returns whether no other process has it."""
    try:
        mark.mkdir()
    except FileExistsError:
        return False
    return True


def try_head(trials, config: ExperimentConfig, trial: dict) -> float:
    """Trains one head and returns its best val accuracy."""
    (name, phase), *_ = config.schedule.phases.items()
    phases = {name: replace(phase, learning_rate=trial["learning_rate"])}
    head = replace(config.head, units=trial["units"], dropout=trial["dropout"])
    tried = replace(config, head=head, schedule=replace(config.schedule, phases=phases))
    with TemporaryDirectory() as folder, redirect_stdout(StringIO()):
        return trials.train(tried, Path(folder)).best_value


def write_features(trials, path: Path) -> None:
    """Writes the features as float32, with their labels."""
    from keras import ops

    table = ops.convert_to_numpy(trials.inputs.table).astype("float32")
    train, val = trials.inputs.train, trials.inputs.val
    features = {"train": table[: len(train)], "val": table[len(train) :]}
    np.savez(path, **features, train_labels=train.labels, val_labels=val.labels)


def parse_arguments() -> Namespace:
    parser = ArgumentParser()
    parser.add_argument("--trials", type=json.loads, required=True)
    parser.add_argument("--num-threads", type=int, default=0)
    parser.add_argument("--result", type=Path, required=True)
    parser.add_argument("--taken", type=Path, required=True)
    parser.add_argument("overrides", nargs="+")
    return parser.parse_args()


if __name__ == "__main__":
    main()
