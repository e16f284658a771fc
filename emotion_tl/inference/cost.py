"""What a trained model costs whoever uses it, on this machine."""

import time
from pathlib import Path

import keras
import numpy as np

NUM_TIMED = 15


def measure_cost(model: keras.Model, file: Path, images: np.ndarray) -> dict[str, float]:
    """Returns the time from a raw image to its probabilities, and the size of the file.

    Args:
        model: from raw uint8 images to probabilities.
        file: the same model as it is handed on.
        images: uint8 (n, height, width, channels), n >= 1.

    Returns:
        latency_milliseconds, the median for one image alone; batch_latency_milliseconds, the median an image where all
        of `images` come together; model_megabytes.
    """
    return {
        "latency_milliseconds": time_prediction(model, images[:1]),
        "batch_latency_milliseconds": time_prediction(model, images) / len(images),
        "model_megabytes": file.stat().st_size / 1e6,
    }


def time_prediction(model: keras.Model, images: np.ndarray) -> float:
    """Returns the median of several predictions in milliseconds, after one that compiles."""
    model.predict_on_batch(images)
    seconds = []
    for _ in range(NUM_TIMED):
        started = time.perf_counter()
        model.predict_on_batch(images)
        seconds.append(time.perf_counter() - started)
    return 1000 * float(np.median(seconds))
