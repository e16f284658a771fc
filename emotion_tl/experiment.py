"""One experiment, from a configuration to a run that can be compared: the whole story on one screen."""

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from emotion_tl.config import ExperimentConfig
from emotion_tl.continuation import take_up
from emotion_tl.data.dataset import load_dataset
from emotion_tl.distribution import build_distribution
from emotion_tl.identity import known_identities
from emotion_tl.models.transfer_model import build_transfer_model
from emotion_tl.results import (
    describe_run,
    describe_start,
    evaluate_splits,
    log_results,
    run_name,
    write_inputs,
    write_results,
)
from emotion_tl.runtime import configure
from emotion_tl.tracking.run import track_run
from emotion_tl.training.memory import explain_memory_errors
from emotion_tl.training.trainer import train
from emotion_tl.validation import check_experiment_config

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExperimentResult:
    """What an experiment found.

    Attributes:
        run_id: id of its MLflow run.
        run_name: its name in the MLflow UI.
        output_dir: its folder: metrics.json, config.yaml, history.csv, predictions.parquet, model.keras, figures.
        metrics: "val" and "test", each with "official" and "leak_free" figures and their intervals;
            "best_epoch", "training_seconds" and "inputs", what each phase was fed.
        history: a row an epoch over all phases.
        predictions: a row an image of val and test.
    """

    run_id: str
    run_name: str
    output_dir: Path
    metrics: dict[str, Any]
    history: pd.DataFrame
    predictions: pd.DataFrame


def run_experiment(config: ExperimentConfig, output_dir: Path) -> ExperimentResult:
    """Trains and evaluates one configuration and logs it as one MLflow run.

    The best epoch is chosen on val; the test images are predicted once, after that. Where the same was interrupted
    before, it goes on from there.

    Raises:
        EmotionTLError: one of its kinds, for everything the user can mend; the message says how.
    """
    check_experiment_config(config)
    output_dir.mkdir(parents=True, exist_ok=True)
    device = configure(config.trainer, config.seed)
    distribution = build_distribution(config, device.names)
    dataset = load_dataset(config.data, Path(config.cache_dir))
    with distribution.scope():
        model = build_transfer_model(config, dataset.image_shape, dataset.num_classes)
    logger.info("%s", describe_start(dataset, model, device))

    with track_run(config.tracking, dataset.name, run_name(config), output_dir) as run:
        write_inputs(config, dataset, output_dir)
        run.log_config(config)
        run.log_dataset(dataset, config.data)
        identities = known_identities(config, dataset.fingerprint)
        run.log_tags(describe_run(config, dataset, model, device, identities[0]))
        before = take_up(config, dataset, model, identities, run)
        started = time.perf_counter()
        with distribution.scope():
            training = train(model, dataset, config, output_dir, (run.log_epoch,), before.stretch)
        seconds = before.seconds + time.perf_counter() - started

        with distribution.scope(), explain_memory_errors(config, "evaluation"):
            metrics, predictions = evaluate_splits(model, dataset, config, training)
        metrics |= {"best_epoch": training.best_epoch, "training_seconds": seconds, "inputs": training.inputs}
        write_results(config, dataset, model, training, metrics, predictions, output_dir)
        log_results(run, config, dataset, model, metrics, output_dir)
    if run.status == "FINISHED":
        before.forget(output_dir)
    return ExperimentResult(run.run_id, run.name, output_dir, metrics, training.history, predictions)
