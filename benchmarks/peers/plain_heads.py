"""Heads on features that were computed beforehand, as a notebook tries them: arrays in memory, `fit` for each head."""

import json
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

import keras
import numpy as np


def main() -> None:
    arguments = parse_arguments()
    features = np.load(arguments.features)
    train, train_labels, val, val_labels = (features[name] for name in ("train", "train_labels", "val", "val_labels"))
    accuracies = []
    started = time.perf_counter()
    for trial in arguments.trials:
        model = build_head(trial, train.shape[1], int(train_labels.max()) + 1)
        history = model.fit(
            train,
            train_labels,
            validation_data=(val, val_labels),
            epochs=arguments.epochs,
            batch_size=arguments.batch_size,
            verbose=0,
        ).history
        accuracies.append(max(history["val_accuracy"]))
    measures = {"trial_seconds": time.perf_counter() - started, "val_accuracy": accuracies}
    arguments.result.write_text(json.dumps(measures))


def build_head(trial: dict, num_features: int, num_classes: int) -> keras.Model:
    layers: list[keras.layers.Layer] = [keras.Input((num_features,))]
    for units in trial["units"]:
        layers += [keras.layers.Dense(units, activation="relu"), keras.layers.Dropout(trial["dropout"])]
    if not trial["units"]:
        layers.append(keras.layers.Dropout(trial["dropout"]))
    model = keras.Sequential([*layers, keras.layers.Dense(num_classes, activation="softmax")])
    optimizer = keras.optimizers.Adam(trial["learning_rate"])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def parse_arguments() -> Namespace:
    parser = ArgumentParser()
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--trials", type=json.loads, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--result", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
