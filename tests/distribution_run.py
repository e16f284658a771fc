"""Runs one experiment on 4 virtual CPUs and again on one of them: `python -m tests.distribution_run jax FOLDER`.

The number of devices is fixed when a backend starts, so this takes a process of its own.
"""

import json
import os
import sys
from pathlib import Path

from emotion_tl.runtime import quiet_import, select_backend

NUM_DEVICES = 4

if sys.argv[1] == "jax":
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={NUM_DEVICES}"
else:
    with quiet_import():
        import tensorflow

    (cpu,) = tensorflow.config.list_physical_devices("CPU")
    tensorflow.config.set_logical_device_configuration(
        cpu, [tensorflow.config.LogicalDeviceConfiguration()] * NUM_DEVICES
    )
select_backend(sys.argv[1])

import keras  # noqa: E402
import mlflow  # noqa: E402
import numpy as np  # noqa: E402

from emotion_tl import experiment  # noqa: E402
from emotion_tl.distribution import num_devices_in_scope  # noqa: E402
from emotion_tl.inference.model_file import load_model  # noqa: E402
from emotion_tl.models.transfer_model import TransferModel  # noqa: E402
from emotion_tl.training.trainer import TrainingResult, train  # noqa: E402
from tests.runs import compose_config, tiny_overrides, write_faces  # noqa: E402

SMALL = ["backbone.image_size=24", "backbone.output_block=block2_pool", "head=linear", "imbalance=class_weight"]
WITH_BATCH_NORM = ["backbone=baseline_cnn", "head.dropout=0.3"]
# On TensorFlow neither BatchNormalization nor dropout nor augmentation, which are not the same on parts of a batch.
WITHOUT_BATCH_NORM = ["backbone=simple_cnn", "head.dropout=0"]
PHASES = [
    "schedule=frozen_then_unfrozen",
    "schedule.phases.frozen.epochs=1",
    "schedule.phases.unfrozen.epochs=2",
    "schedule.phases.unfrozen.learning_rate=3e-3",
    "schedule.phases.unfrozen.layer_decay=0.7",
    "schedule.phases.unfrozen.weight_decay=0.01",
    "schedule.phases.unfrozen.ema_momentum=0.5",
]
# 30 val and 23 test images: neither in batches of 16, nor over 4 devices, without a rest.
SPLITS = ["trainer.evaluation_batch_size=16", "data.test_fraction=0.19", "data.val_fraction=0.31"]
# What TensorFlow cannot do on several devices.
ONLY_ON_JAX = ["trainer.gradient_accumulation_steps=2", "schedule.phases.unfrozen.gradient_clip_norm=0.1"]


def run(folder: Path, name: str, overrides: list[str]) -> dict:
    """Returns what an experiment gave and where its weights lay. Each has a cache of activations of its own."""
    seen = {}

    def watched_train(model: TransferModel, *arguments, **keywords) -> TrainingResult:
        seen["num_devices"] = num_devices_in_scope()
        result = train(model, *arguments, **keywords)
        seen["copies"] = [num_copies(weight) for weight in model.network.trainable_variables]
        seen["agree"] = all(copies_agree(weight) for weight in model.network.variables)
        seen["num_statistics"] = sum("moving" in weight.name for weight in model.network.variables)
        return result

    experiment.train = watched_train
    common = [*tiny_overrides(folder / "faces", folder / name), *SMALL, *PHASES, *SPLITS]
    result = experiment.run_experiment(compose_config([*common, *overrides]), folder / name)
    numbers = result.history.select_dtypes("number").drop(columns=["seconds", "images_per_second"])
    model, _ = load_model(result.output_dir / "model.keras")
    return {
        **seen,
        "num_devices_after": num_devices_in_scope(),
        "device": mlflow.get_run(result.run_id).data.tags["device"],
        "history": numbers.to_dict("list"),
        "test": result.metrics["test"]["official"]["accuracy"],
        "probabilities": result.predictions.filter(like="probability_").to_numpy().tolist(),
        "weights": [keras.ops.convert_to_numpy(weight).tolist() for weight in model.weights],
    }


def num_copies(variable: keras.Variable) -> int:
    """Returns on how many devices a variable lies."""
    if keras.config.backend() == "jax":
        return len(variable.value.sharding.device_set)
    return len(getattr(variable.value, "values", [variable.value]))


def copies_agree(variable: keras.Variable) -> bool:
    """Returns whether a variable has the same value on all devices; on JAX it is one array over all of them."""
    first, *others = getattr(variable.value, "values", [variable.value])
    return all(np.array_equal(first.numpy(), other.numpy()) for other in others)


if __name__ == "__main__":
    root = Path(sys.argv[2])
    write_faces(root / "faces")
    # Classes of other sizes, which the class weights make up for.
    for image in sorted((root / "faces").glob("*/*.png"))[:12]:
        image.unlink()
    is_jax = sys.argv[1] == "jax"
    settings = [f"trainer.backend={sys.argv[1]}", *(ONLY_ON_JAX if is_jax else [])]
    network = WITH_BATCH_NORM if is_jax else WITHOUT_BATCH_NORM
    told = {
        "all": run(root, "all", [*settings, *network, "trainer.devices=all"]),
        "one": run(root, "one", [*settings, *network, "trainer.devices=one", "tracking.log_model=false"]),
    }
    told["with_batch_norm"] = told["all"]
    if not is_jax:
        overrides = [*settings, *WITH_BATCH_NORM, "trainer.devices=all", "tracking.log_model=false"]
        told["with_batch_norm"] = run(root, "with_batch_norm", overrides)
    # MLflow predicts in a thread of its own, which does not end its line.
    print("\n" + json.dumps(told))
