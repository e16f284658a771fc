"""The images of a folder through Keras' `image_dataset_from_directory`, once, with no network behind."""

import json
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

import keras
import tensorflow as tf


def main() -> None:
    arguments = parse_arguments()
    started = time.perf_counter()
    images = keras.utils.image_dataset_from_directory(
        arguments.data / "train",
        color_mode=arguments.color_mode,
        image_size=(arguments.image_size, arguments.image_size),
        batch_size=arguments.batch_size,
        shuffle=True,
        seed=0,
        verbose=False,
    )
    listed = time.perf_counter()
    num_images = sum(len(labels) for _, labels in images.prefetch(tf.data.AUTOTUNE))
    measures = {
        "load_seconds": listed - started,
        "images_per_second": num_images / (time.perf_counter() - listed),
    }
    arguments.result.write_text(json.dumps(measures))


def parse_arguments() -> Namespace:
    parser = ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--color-mode", choices=("grayscale", "rgb"), required=True)
    parser.add_argument("--image-size", type=int, required=True)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--result", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
