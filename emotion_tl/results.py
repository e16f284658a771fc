"""What a run leaves in its folder and in MLflow."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from omegaconf import OmegaConf

from emotion_tl.audit.of_run import write_audit_of_run
from emotion_tl.config import ExperimentConfig, to_plain
from emotion_tl.data.dataset import Dataset
from emotion_tl.data.persons import seen_before
from emotion_tl.evaluation import figures
from emotion_tl.evaluation.figure_style import save_figure
from emotion_tl.evaluation.gallery import mistakes_gallery, surest_mistakes
from emotion_tl.evaluation.learning_curves import learning_curves
from emotion_tl.evaluation.predictions import predictions_table, probability_columns
from emotion_tl.evaluation.report import evaluate, flatten_metrics
from emotion_tl.explanation.run_figures import explanation_figures
from emotion_tl.fed import told_phases
from emotion_tl.files import write_json
from emotion_tl.inference.cost import measure_cost
from emotion_tl.inference.model_file import describe_model, save_model
from emotion_tl.models.transfer_model import TransferModel
from emotion_tl.runtime import Device, git_commit, installed_versions
from emotion_tl.tracking.keras_model import log_keras_model
from emotion_tl.tracking.run import TrackedRun
from emotion_tl.tracking.runs import FALLBACK_WEIGHTS, IDENTITY_TAG, INPUTS_TAG
from emotion_tl.training.prediction import predict_splits
from emotion_tl.training.record import TrainingResult

NUM_EXAMPLE_IMAGES = 4
NUM_TIMED_IMAGES = 32


def run_name(config: ExperimentConfig) -> str:
    """Returns what the run is called in the UI: backbone, where it is cut, schedule and seed."""
    block = f"-{config.backbone.output_block}" if config.backbone.output_block else ""
    return f"{config.backbone.name}{block}-{config.schedule.name}-seed{config.seed}"


def describe_run(
    config: ExperimentConfig, dataset: Dataset, model: TransferModel, device: Device, identity: str
) -> dict[str, Any]:
    """Returns the tags of a run: what one filters and groups by."""
    phases = config.schedule.phases
    return {
        "backbone": config.backbone.name,
        "output_block": config.backbone.output_block or model.blocks[-1].name,
        "pretrained": "yes" if model.weights.pretrained else "no",
        "weights": FALLBACK_WEIGHTS if model.weights.fallback else model.weights.name,
        "weights_sha256": model.weights.sha256 or "",
        "schedule": config.schedule.name,
        "num_phases": len(phases),
        "phases": ", ".join(f"{name} {phase.epochs}" for name, phase in phases.items()),
        "head": config.head.name,
        "imbalance": config.imbalance.name,
        "augmentation": config.augmentation.name,
        "dataset": dataset.name,
        "dedup": config.data.dedup,
        "train_fraction": config.data.train_fraction,
        "dataset_fingerprint": dataset.fingerprint,
        IDENTITY_TAG: identity,
        "test_fingerprint": dataset.test.fingerprint,
        "seed": config.seed,
        "device": device,
        "git_commit": git_commit(),
        "num_parameters": model.network.count_params(),
        **{f"version.{package}": version for package, version in installed_versions().items()},
    }


def describe_start(dataset: Dataset, model: TransferModel, device: Device) -> str:
    """Returns what a person wants to know before waiting: the data, the network and the device, a line each."""
    counts = ", ".join(f"{len(split):,} {name}" for name, split in dataset.splits().items())
    rejected = f"; {len(dataset.rejected)} rejected, see rejected_images.csv" if len(dataset.rejected) else ""
    left_out = f"; {len(dataset.left_out):,} left out, see left_out_images.csv" if len(dataset.left_out) else ""
    copies = int(dataset.test.has_copy.sum())
    leaks = f"; {copies} test images are copies of train or val images" if copies else ""
    return (
        f"data     {dataset.name}: {counts} images of {dataset.num_classes} classes{rejected}{left_out}{leaks}"
        f"{describe_people(dataset)}\n"
        f"network  {model.network.name}, {model.network.count_params():,} parameters, {model.weights.name} weights\n"
        f"device   {device}"
    )


def describe_people(dataset: Dataset) -> str:
    """Returns how many people there are, and how many of those in test a model has seen before; empty if unknown."""
    if dataset.persons is None:
        return ""
    again = len(seen_before(dataset.persons, "test"))
    leak = f", {again} of those in test also in train or val: a leak, see `audit`" if again else ""
    return f"; {len(dataset.persons):,} people{leak}"


def evaluate_splits(
    model: TransferModel, dataset: Dataset, config: ExperimentConfig, training: TrainingResult
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Predicts val and test and returns their figures, by split, and the predictions as one table."""
    splits = (dataset.val, dataset.test)
    predictions = predict_splits(model, config.schedule.phases[training.best_phase], splits, config)
    metrics, tables = {}, []
    for split, probabilities in zip(splits, predictions, strict=True):
        metrics[split.name] = evaluate(
            split.labels, probabilities, dataset.class_names, split.has_copy, config.evaluation, config.seed
        )
        tables.append(
            predictions_table(
                split.name, split.image_ids.tolist(), split.labels, probabilities, split.has_copy, dataset.class_names
            )
        )
    return metrics, pd.concat(tables, ignore_index=True)


def write_inputs(config: ExperimentConfig, dataset: Dataset, folder: Path) -> None:
    """Writes what a run starts with into its folder, so that a run that fails leaves it too."""
    (folder / "config.yaml").write_text(OmegaConf.to_yaml(to_plain(config)), encoding="utf-8")
    dataset.rejected.to_csv(folder / "rejected_images.csv", index=False)
    write_audit_of_run(config, dataset, folder)
    if len(dataset.left_out):
        dataset.left_out.to_csv(folder / "left_out_images.csv", index=False)


def write_results(
    config: ExperimentConfig,
    dataset: Dataset,
    model: TransferModel,
    training: TrainingResult,
    metrics: dict[str, Any],
    predictions: pd.DataFrame,
    folder: Path,
) -> None:
    """Writes what a run found into its folder."""
    write_json(folder / "metrics.json", metrics)
    predictions.to_parquet(folder / "predictions.parquet", index=False)
    save_model(model.probabilities(), describe_model(model, dataset, config), folder / "model.keras")
    write_figures(dataset, model, training, metrics, predictions, config, folder / "figures")


def write_figures(
    dataset: Dataset,
    model: TransferModel,
    training: TrainingResult,
    metrics: dict[str, Any],
    predictions: pd.DataFrame,
    config: ExperimentConfig,
    folder: Path,
) -> None:
    """Draws the figures of a run."""
    folder.mkdir(exist_ok=True)
    names = dataset.class_names
    counts = {name: split.class_counts(dataset.num_classes).tolist() for name, split in dataset.splits().items()}
    test = predictions[predictions["split"] == "test"].reset_index(drop=True)
    probabilities = test[probability_columns(names)].to_numpy()
    official = metrics["test"]["official"]
    mistakes = surest_mistakes(dataset.test.labels, probabilities, config.evaluation.num_gallery_images)
    drawn = {
        "learning_curves": learning_curves(training.history),
        "class_distribution": figures.class_distribution(counts, names),
        "confusion_matrix": figures.confusion_matrix_figure(np.array(official["confusion_matrix"]), names),
        "reliability": figures.reliability_diagram(
            dataset.test.labels, probabilities, config.evaluation.num_calibration_bins
        ),
        "f1_per_class": figures.per_class_f1_figure(official["per_class"]),
        "surest_mistakes": mistakes_gallery(
            dataset.test.read(mistakes),
            dataset.test.labels[mistakes],
            probabilities[mistakes],
            names,
        ),
        **explanation_figures(model.network, config.backbone.name, dataset.test, names, probabilities, config.seed),
    }
    for name, figure in drawn.items():
        save_figure(figure, folder / f"{name}.png")


def log_results(
    run: TrackedRun,
    config: ExperimentConfig,
    dataset: Dataset,
    model: TransferModel,
    metrics: dict[str, Any],
    folder: Path,
) -> None:
    """Logs the figures of val and test, what the model costs and, where asked, the model."""
    for split in ("val", "test"):
        run.log_metrics(flatten_metrics(metrics[split], split))
    run.log_metrics({"best_epoch": metrics["best_epoch"], "training_seconds": metrics["training_seconds"]})
    timed = dataset.test.read(np.arange(min(NUM_TIMED_IMAGES, len(dataset.test))))
    # One for both: its first predictions trace it, which takes seconds.
    network = model.probabilities()
    run.log_metrics(measure_cost(network, folder / "model.keras", timed))
    run.log_tags({INPUTS_TAG: told_phases(metrics["inputs"])})
    if config.tracking.log_model:
        examples = dataset.test.read(np.arange(min(NUM_EXAMPLE_IMAGES, len(dataset.test))))
        log_keras_model(network, folder / "model.keras", examples, dataset.class_names)
