"""A search as KerasTuner's guide has it: a function builds the model, frozen backbone and head, `search` fits it."""

import json
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import keras_tuner
import tensorflow as tf

from benchmarks.peers.plain_keras import NETWORKS, load_images


def main() -> None:
    arguments = parse_arguments()
    train = load_images(arguments.data / "train", arguments.image_size, arguments.batch_size, shuffle=True)
    val = load_images(arguments.data / "val", arguments.image_size, arguments.batch_size, shuffle=False)
    num_classes = len(train.class_names)
    with TemporaryDirectory() as folder:
        tuner = keras_tuner.RandomSearch(
            lambda hyperparameters: build_model(hyperparameters, arguments, num_classes),
            objective="val_accuracy",
            max_trials=arguments.trials,
            directory=folder,
            seed=0,
        )
        started = time.perf_counter()
        tuner.search(
            train.prefetch(tf.data.AUTOTUNE),
            validation_data=val.prefetch(tf.data.AUTOTUNE),
            epochs=arguments.epochs,
            verbose=0,
        )
        seconds = time.perf_counter() - started
        best = float(tuner.oracle.get_best_trials()[0].score)
    arguments.result.write_text(json.dumps({"search_seconds": seconds, "best_val_accuracy": best}))


def build_model(hyperparameters: keras_tuner.HyperParameters, arguments: Namespace, num_classes: int) -> keras.Model:
    network, module = NETWORKS[arguments.backbone]
    shape = (arguments.image_size, arguments.image_size, 3)
    backbone = network(include_top=False, weights=None, input_shape=shape)
    if arguments.weights != "none":
        backbone.load_weights(arguments.weights)
    backbone = keras.Model(backbone.input, backbone.get_layer(arguments.output_block).output)
    backbone.trainable = False
    images = keras.Input(shape)
    features = backbone(module.preprocess_input(images), training=False)
    features = keras.layers.GlobalAveragePooling2D()(features)
    units = hyperparameters.Choice("units", [0, 128, 256, 512])
    if units:
        features = keras.layers.Dense(units, activation="relu")(features)
    features = keras.layers.Dropout(hyperparameters.Float("dropout", 0.0, 0.7))(features)
    model = keras.Model(images, keras.layers.Dense(num_classes, activation="softmax")(features))
    learning_rate = hyperparameters.Float("learning_rate", 1e-4, 1e-2, sampling="log")
    model.compile(keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def parse_arguments() -> Namespace:
    parser = ArgumentParser()
    parser.add_argument("--data", type=Path, required=True, help="folder with train/<class>/ and val/<class>/")
    parser.add_argument("--backbone", choices=NETWORKS, required=True)
    parser.add_argument("--output-block", required=True, help="layer whose output the head gets")
    parser.add_argument("--weights", required=True, help="a weights file, or none for random weights")
    parser.add_argument("--image-size", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--trials", type=int, required=True)
    parser.add_argument("--result", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
