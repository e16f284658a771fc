"""Opens FER-2013 as a run of ours does and, where asked, reads every training image once in batches.

A program of its own, so that what it takes of time and memory is measured from outside.
"""

import json
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

from emotion_tl.config import DataConfig, ImbalanceConfig
from emotion_tl.data.dataset import Dataset, load_dataset


def main() -> None:
    arguments = parse_arguments()
    started = time.perf_counter()
    dataset = load_dataset(DataConfig(name="fer2013", source="fer2013", path=str(arguments.data)), arguments.cache_dir)
    measures = {"load_seconds": time.perf_counter() - started}
    if arguments.iterate:
        measures["images_per_second"] = time_batches(dataset, arguments.batch_size)
    arguments.result.write_text(json.dumps(measures))


def time_batches(dataset: Dataset, batch_size: int) -> float:
    """Returns the images per second of an epoch in random order, as `fit` gets them."""
    # Imported here, because it brings Keras, which opening the images does not need.
    from emotion_tl.training.batches import TrainingBatches
    from emotion_tl.training.rows import image_rows

    batches = TrainingBatches(image_rows(dataset.train), dataset.num_classes, batch_size, ImbalanceConfig(), seed=0)
    started = time.perf_counter()
    num_images = sum(len(batches[index][0]) for index in range(len(batches)))
    return num_images / (time.perf_counter() - started)


def parse_arguments() -> Namespace:
    parser = ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache-dir", type=Path, required=True)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--iterate", action="store_true")
    parser.add_argument("--result", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
