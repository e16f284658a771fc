"""Trains the same small network on one large batch and on parts of it: `python -m tests.training.accumulation jax`.

The tests call this for the backend they run on; another one takes a process of its own.
"""

import json
import sys

from emotion_tl.runtime import select_backend

if __name__ == "__main__":
    select_backend(sys.argv[1])

import keras
import numpy as np

from emotion_tl.training.optimizers import build_optimizer
from tests import tiny

NUM_IMAGES = 192
EPOCHS = 3


def fit(batch_size: int, accumulation: int, **settings) -> dict:
    """Returns the weights after a phase, and the learning rate after each of its epochs."""
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(NUM_IMAGES, 6)).astype("float32")
    labels = np.eye(3, dtype="float32")[generator.integers(3, size=NUM_IMAGES)]
    network = keras.Sequential(
        [keras.Input((6,)), keras.layers.Dense(8, "tanh", name="low"), keras.layers.Dense(3, name="high")]
    )
    network.set_weights([generator.normal(size=weight.shape) for weight in network.get_weights()])
    phase = tiny.make_phase(epochs=EPOCHS, **{"optimizer": "sgd", "learning_rate": 0.1} | settings)
    steps_per_epoch = NUM_IMAGES // batch_size
    optimizer = build_optimizer(phase, steps_per_epoch, {"low/kernel": 0.5}, accumulation)
    network.compile(optimizer, keras.losses.CategoricalCrossentropy(from_logits=True), jit_compile="auto")
    rates: list[float] = []
    note_rate = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_, **__: rates.append(float(optimizer.learning_rate))
    )
    callbacks = [note_rate]
    if phase.ema_momentum is not None:
        callbacks.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    network.fit(inputs, labels, batch_size=batch_size, epochs=EPOCHS, shuffle=False, verbose=0, callbacks=callbacks)
    weights = [keras.ops.convert_to_numpy(weight).tolist() for weight in network.weights]
    return {"weights": weights, "rates": rates}


COSINE = {"learning_rate_schedule": "cosine", "warmup_epochs": 1.0}
EVERYTHING = COSINE | {"optimizer": "adamw", "weight_decay": 0.1, "gradient_clip_norm": 0.05, "ema_momentum": 0.0}
CASES = {"sgd": {"momentum": 0.0}, "momentum": {"momentum": 0.9}, "cosine": COSINE, "everything": EVERYTHING}


def compare(settings: dict) -> tuple[dict, dict]:
    """Returns what a phase gives on batches of 64, and on 4 times as many of 16 whose gradients are accumulated."""
    return fit(64, 1, **settings), fit(16, 4, **settings)


if __name__ == "__main__":
    print(json.dumps({name: compare(settings) for name, settings in CASES.items()}))
