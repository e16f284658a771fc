"""Trains a tiny experiment on a backend and tells what came out: `python -m tests.training.backend_run jax FOLDER`.

A process can run Keras on one backend only, and that of the tests is TensorFlow.
"""

import json
import sys
from pathlib import Path

from emotion_tl.runtime import configure, select_backend

select_backend(sys.argv[1])

import keras  # noqa: E402
import numpy as np  # noqa: E402

from emotion_tl.config import AugmentationConfig, BackboneConfig, ExperimentConfig, HeadConfig  # noqa: E402
from emotion_tl.inference.model_file import ModelDescription, load_model, save_model  # noqa: E402
from emotion_tl.models.augmentation import augmentation_layers  # noqa: E402
from emotion_tl.models.transfer_model import build_transfer_model  # noqa: E402
from emotion_tl.training.prediction import predict_splits  # noqa: E402
from emotion_tl.training.trainer import train  # noqa: E402
from tests import tiny  # noqa: E402


def compiles_augmentation() -> bool:
    """Returns whether the steps of a network that augments its images are compiled."""
    everything = AugmentationConfig(True, *[0.1] * 6)
    network = keras.Sequential([keras.Input((8, 8, 1)), *augmentation_layers(everything, seed=0)])
    network.compile(jit_compile="auto")
    return bool(network.jit_compile)


def make_config(backend: str, folder: Path) -> ExperimentConfig:
    """Returns an experiment whose second phase does harm, so that the best epoch is one of the first."""
    harmful = {"optimizer": "sgd", "learning_rate": 0.1, "weight_decay": 10.0, "gradient_clip_norm": 0.01}
    config = tiny.make_config(
        tiny.make_phase(epochs=2, learning_rate=3e-3, layer_decay=0.5, ema_momentum=0.5),
        tiny.make_phase(trainable_blocks=0, **harmful),
        monitor="val_log_loss",
        head=HeadConfig(pooling="flatten"),
        augmentation=AugmentationConfig(horizontal_flip=True),
    )
    config.backbone = BackboneConfig(name="baseline_cnn", image_size=tiny.IMAGE_SIZE, output_block="block1_pool")
    config.cache_dir = str(folder / "cache")
    config.trainer.backend = backend
    config.trainer.jit_compile = None
    return config


def main(backend: str, folder: Path) -> None:
    """Prints one line of JSON."""
    dataset, config = tiny.make_dataset(), make_config(backend, folder)
    device = configure(config.trainer, config.seed)
    model = build_transfer_model(config, dataset.image_shape, dataset.num_classes)
    seen = []

    def look(row: dict) -> None:
        seen.append({weight.path: keras.ops.convert_to_numpy(weight) for weight in model.network.weights})

    result = train(model, dataset, config, folder, (look,))
    inference = model.probabilities()
    (probabilities,) = predict_splits(model, config.schedule.phases[result.best_phase], (dataset.val,), config)
    save_model(inference, ModelDescription(tiny.CLASSES, "grayscale", "baseline_cnn", "random"), folder / "model.keras")
    loaded, _ = load_model(folder / "model.keras")
    restored = {weight.path: keras.ops.convert_to_numpy(weight) for weight in model.network.weights}
    best = seen[result.best_epoch - 1]
    told = {
        "device": str(device),
        "compiles_augmentation": compiles_augmentation(),
        "phases": result.history["phase"].tolist(),
        "losses": result.history["val_log_loss"].tolist(),
        "best_epoch": result.best_epoch,
        "log_loss": float(-np.log(probabilities[np.arange(len(dataset.val)), dataset.val.labels]).mean()),
        "restored": all(np.allclose(value, best[path], atol=1e-6) for path, value in restored.items()),
        "moved_in_first": [path for path in seen[0] if not np.array_equal(seen[0][path], seen[1][path])],
        "moved_in_second": [path for path in best if not np.array_equal(seen[1][path], seen[2][path])],
        "loaded": bool(np.allclose(loaded.predict(dataset.val.images, verbose=0), probabilities, atol=1e-5)),
    }
    told["cached"] = [train_upper_part(dataset, folder, backend, cache) for cache in ("off", "auto")]
    print(json.dumps(told))


def train_upper_part(dataset, folder: Path, backend: str, cache: str) -> dict:
    """Trains the head and then the last block with it, on images or on cached activations."""
    phases = [tiny.make_phase(epochs=2, trainable_blocks=number, learning_rate=1e-2) for number in (0, 1)]
    config = tiny.make_config(*phases)
    config.cache_dir = str(folder / "cache")
    config.trainer.backend = backend
    config.trainer.cache = cache
    keras.utils.set_random_seed(0)
    model = build_transfer_model(config, dataset.image_shape, dataset.num_classes)
    result = train(model, dataset, config, folder)
    return {"inputs": list(result.inputs.values()), "val_losses": result.history["val_loss"].tolist()}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
