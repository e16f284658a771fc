"""The script that most people write: images from a folder, a pretrained network, `fit`.

Nothing in it is slowed down on purpose: the images are decoded in parallel and fetched ahead of the training, frozen
layers get no gradients, and Keras compiles the step as it sees fit.
"""

import json
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

import keras
import tensorflow as tf

# In `keras.applications`: the network, and the module with its preprocessing.
NETWORKS = {
    "inceptionv3": (keras.applications.InceptionV3, keras.applications.inception_v3),
    "resnet50": (keras.applications.ResNet50, keras.applications.resnet50),
    "vgg16": (keras.applications.VGG16, keras.applications.vgg16),
    "mobilenetv2": (keras.applications.MobileNetV2, keras.applications.mobilenet_v2),
}


class EpochTimes(keras.callbacks.Callback):
    """Takes the time of each epoch, with and without its validation, and says when it has ended."""

    def __init__(self, num_images: int):
        super().__init__()
        self.num_images = num_images
        self.seconds: list[float] = []
        self.images_per_second: list[float] = []

    def on_epoch_begin(self, *_):
        self.started = time.perf_counter()

    def on_test_begin(self, *_):
        self.images_per_second.append(self.num_images / (time.perf_counter() - self.started))

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.started)
        print(f"epoch {epoch + 1}/{self.params['epochs']}  val_accuracy {logs['val_accuracy']:.4f}", flush=True)


def load_images(folder: Path, image_size: int, batch_size: int, shuffle: bool) -> tf.data.Dataset:
    return keras.utils.image_dataset_from_directory(
        folder,
        color_mode="rgb",
        image_size=(image_size, image_size),
        batch_size=batch_size,
        shuffle=shuffle,
        seed=0,
        verbose=False,
    )


def build_model(arguments: Namespace, num_classes: int) -> keras.Model:
    network, module = NETWORKS[arguments.backbone]
    shape = (arguments.image_size, arguments.image_size, 3)
    backbone = network(include_top=False, weights=None, input_shape=shape)
    if arguments.weights != "none":
        backbone.load_weights(arguments.weights)
    freeze(backbone, arguments.trainable_from)
    images = keras.Input(shape)
    features = backbone(module.preprocess_input(images), training=False)
    pooled = keras.layers.GlobalAveragePooling2D()(features)
    model = keras.Model(images, keras.layers.Dense(num_classes, activation="softmax")(pooled))
    model.compile(
        optimizer=keras.optimizers.Adam(arguments.learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def freeze(backbone: keras.Model, trainable_from: str) -> None:
    """Freezes the layers up to and with the one named, and every BatchNormalization; "none" trains none, "all" all."""
    if trainable_from == "none":
        backbone.trainable = False
        return
    names = [layer.name for layer in backbone.layers]
    first = 0 if trainable_from == "all" else names.index(trainable_from) + 1
    for position, layer in enumerate(backbone.layers):
        layer.trainable = position >= first and not isinstance(layer, keras.layers.BatchNormalization)


def main() -> None:
    arguments = parse_arguments()
    keras.utils.set_random_seed(arguments.seed)
    train = load_images(arguments.data / "train", arguments.image_size, arguments.batch_size, shuffle=True)
    val = load_images(arguments.data / "val", arguments.image_size, arguments.batch_size, shuffle=False)
    model = build_model(arguments, len(train.class_names))
    times = EpochTimes(len(train.file_paths))

    started = time.perf_counter()
    history = model.fit(
        train.prefetch(tf.data.AUTOTUNE),
        validation_data=val.prefetch(tf.data.AUTOTUNE),
        epochs=arguments.epochs,
        callbacks=[times],
        verbose=0,
    ).history
    measures = {
        "training_seconds": time.perf_counter() - started,
        "epoch_seconds": times.seconds,
        "images_per_second": times.images_per_second,
        "val_accuracy": [float(value) for value in history["val_accuracy"]],
        "num_trainable_parameters": sum(int(tf.size(variable)) for variable in model.trainable_variables),
    }
    arguments.result.write_text(json.dumps(measures))


def parse_arguments() -> Namespace:
    parser = ArgumentParser()
    parser.add_argument("--data", type=Path, required=True, help="folder with train/<class>/ and val/<class>/")
    parser.add_argument("--backbone", choices=NETWORKS, required=True)
    parser.add_argument("--weights", required=True, help="a weights file, or none for random weights")
    parser.add_argument("--trainable-from", default="none", help="none, all, or the last frozen layer")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--image-size", type=int, default=96)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--result", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
