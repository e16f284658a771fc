"""Finished runs in a real MLflow store, with predictions of a known accuracy in the place of a training."""

from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from omegaconf import OmegaConf
from scipy.stats import norm

from emotion_tl.config import TrackingConfig, to_plain
from emotion_tl.evaluation.predictions import predictions_table
from emotion_tl.tracking.run import track_run
from tests.runs import compose_config

CLASSES = ("angry", "happy", "sad")
NUM_IMAGES = {"val": 600, "test": 900}
# Of three classes; the first one is rare.
SHARES = (0.1, 0.5, 0.4)


def simulate(
    accuracy: float, seed: int, split: str, sureness: float = 1.0, shares: tuple[float, ...] = SHARES
) -> tuple[np.ndarray, np.ndarray]:
    """Returns labels and probabilities of a model of this accuracy.

    An image is as hard for all models as for one, so that their errors go together.
    """
    shared = np.random.default_rng(len(split))
    number = NUM_IMAGES[split]
    labels = shared.choice(len(CLASSES), number, p=shares)
    difficulty = shared.normal(size=number)
    own = np.random.default_rng([seed, int(1e6 * accuracy)])
    is_right = (0.8 * difficulty + 0.6 * own.normal(size=number)) < norm.ppf(accuracy)
    predicted = np.where(is_right, labels, (labels + own.integers(1, len(CLASSES), number)) % len(CLASSES))
    logits = own.normal(size=(number, len(CLASSES)))
    logits[np.arange(number), predicted] = logits.max(axis=1) + own.uniform(0.1, 2.0, number)
    probabilities = np.exp(sureness * logits)
    return labels, probabilities / probabilities.sum(axis=1, keepdims=True)


def log_run(
    folder: Path,
    overrides: list[str],
    accuracy: float,
    tags: dict[str, str] | None = None,
    sureness: float = 1.0,
    images_a_copy: int = 10,
    knows_copies: bool = False,
    shares: tuple[float, ...] = SHARES,
    seconds_outside_epochs: float = 10.0,
) -> str:
    """Logs a run as `run_experiment` does and returns its id.

    Args:
        images_a_copy: of so many images one has a copy.
        knows_copies: the model is right on all of these.
        shares: of the classes.
        seconds_outside_epochs: what it spent on features; an epoch takes 10 s, and there are five.
    """
    config = compose_config([*overrides, "data=synthetic_faces"])
    run_folder = folder / f"run{len(list(folder.glob('run*')))}"
    run_folder.mkdir(parents=True)
    (run_folder / "config.yaml").write_text(OmegaConf.to_yaml(to_plain(config)))
    tables = []
    for split, number in NUM_IMAGES.items():
        labels, probabilities = simulate(accuracy, config.seed, split, sureness, shares)
        ids = [f"{split}/{position:04d}" for position in range(number)]
        has_copy = np.arange(number) % images_a_copy == 0
        if knows_copies:
            probabilities[has_copy] = np.eye(len(CLASSES))[labels[has_copy]]
        tables.append(predictions_table(split, ids, labels, probabilities, has_copy, CLASSES))
    predictions = pd.concat(tables)
    predictions.to_parquet(run_folder / "predictions.parquet", index=False)
    epochs = np.arange(1, 6)
    history = {"epoch": epochs, "seconds": 10.0, "val_accuracy": accuracy - 0.3 / epochs}
    pd.DataFrame(history).to_csv(run_folder / "history.csv", index=False)
    with track_run(TrackingConfig(uri=store(folder)), "simulated", "run", run_folder) as run:
        run.log_tags(describe(config, accuracy) | (tags or {}))
        mlflow.log_params({"num_train_images": int(1000 * config.data.train_fraction)})
        right = predictions["label"] == predictions["predicted"]
        figures = {f"{split}_accuracy": right[predictions["split"] == split].mean() for split in NUM_IMAGES}
        seconds = history["seconds"] * len(epochs) + seconds_outside_epochs
        run.log_metrics({**figures, "test_macro_f1": accuracy, "val_macro_f1": accuracy, "training_seconds": seconds})
    return run.run_id


def describe(config, accuracy: float) -> dict[str, str]:
    """Returns the tags that a comparison reads."""
    is_pretrained = config.backbone.weights is not None
    return {
        "backbone": config.backbone.name,
        "pretrained": "yes" if is_pretrained else "no",
        "weights": "imagenet" if is_pretrained else "random",
        "seed": str(config.seed),
        "dataset": "simulated faces",
        "dataset_fingerprint": f"images-{config.data.train_fraction}",
        "test_fingerprint": "the same",
        "num_parameters": "1000000",
        "device": "CPU",
        "git_commit": "0123456789abcdef",
    }


def store(folder: Path) -> str:
    """Returns the tracking URI of the runs in a folder."""
    return f"sqlite:///{folder / 'mlflow.db'}"
