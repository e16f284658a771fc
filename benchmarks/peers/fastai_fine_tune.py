"""fastai as its tutorials have it: images from a folder, `vision_learner`, `fine_tune`.

Runs in an environment of its own, see requirements-fastai.txt.
"""

import json
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

import fastai
import torch
from fastai.vision.all import (
    Callback,
    ImageDataLoaders,
    Normalize,
    Resize,
    accuracy,
    imagenet_stats,
    set_seed,
    vision_learner,
)
from torchvision.models import resnet50


class EpochTimes(Callback):
    """Takes the time and the val accuracy of each epoch over both phases of `fine_tune`."""

    # Behind the recorder, whose row of the epoch it reads.
    order = 60

    def __init__(self, num_epochs: int, num_images: int):
        super().__init__()
        self.num_epochs = num_epochs
        self.num_images = num_images
        self.seconds: list[float] = []
        self.images_per_second: list[float] = []
        self.val_accuracy: list[float] = []

    def before_epoch(self):
        self.started = time.perf_counter()

    def after_train(self):
        self.images_per_second.append(self.num_images / (time.perf_counter() - self.started))

    def after_epoch(self):
        self.seconds.append(time.perf_counter() - self.started)
        # The recorder's row holds train loss, val loss and accuracy.
        self.val_accuracy.append(float(self.learn.recorder.values[-1][-1]))
        print(f"epoch {len(self.seconds)}/{self.num_epochs}  val_accuracy {self.val_accuracy[-1]:.4f}", flush=True)


def main() -> None:
    arguments = parse_arguments()
    set_seed(arguments.seed)
    images = ImageDataLoaders.from_folder(
        arguments.data,
        train="train",
        valid="val",
        item_tfms=Resize(arguments.image_size),
        batch_tfms=Normalize.from_stats(*imagenet_stats),
        bs=arguments.batch_size,
        device=torch.device("cpu"),
    )
    learner = vision_learner(images, resnet50, pretrained=False, metrics=accuracy)
    if arguments.weights != "none":
        learner.model[0].load_state_dict(body_weights(Path(arguments.weights)))
    times = EpochTimes(1 + arguments.epochs, len(images.train_ds))
    started = time.perf_counter()
    with learner.no_bar(), learner.no_logging():
        learner.fine_tune(arguments.epochs, freeze_epochs=1, cbs=times)
    measures = {
        "training_seconds": time.perf_counter() - started,
        "epoch_seconds": times.seconds,
        "images_per_second": times.images_per_second,
        "val_accuracy": times.val_accuracy,
        "versions": {"fastai": fastai.__version__, "torch": torch.__version__},
    }
    arguments.result.write_text(json.dumps(measures))


def body_weights(path: Path) -> dict[str, torch.Tensor]:
    """Returns torchvision's weights of ResNet50 as fastai's body, a sequence of its children, names them."""
    positions = {name: str(index) for index, (name, _) in enumerate(resnet50().named_children())}
    state = torch.load(path, map_location="cpu", weights_only=True)
    renamed = {}
    for key, value in state.items():
        child, _, rest = key.partition(".")
        if child != "fc":
            renamed[f"{positions[child]}.{rest}"] = value
    return renamed


def parse_arguments() -> Namespace:
    parser = ArgumentParser()
    parser.add_argument("--data", type=Path, required=True, help="folder with train/<class>/ and val/<class>/")
    parser.add_argument("--weights", default="none", help="torchvision's state dict of ResNet50, or none")
    parser.add_argument("--image-size", type=int, default=96)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=4, help="with everything unfrozen, after one with a frozen body")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--result", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
