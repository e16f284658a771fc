"""Training torchvision's networks on a GPU as PyTorch's own guides advise.

channels_last, bfloat16 autocast, torch.compile, fused Adam; the images wait on the GPU as uint8 and are resized there.
"""

import json
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

NETWORKS = {
    "vgg16": lambda: pooled(models.vgg16().features, 512),
    "vgg19": lambda: pooled(models.vgg19().features, 512),
    "resnet50": lambda: models.resnet50(num_classes=7),
    "inceptionv3": lambda: models.inception_v3(num_classes=7, aux_logits=False, init_weights=False),
}


def pooled(features: nn.Module, channels: int) -> nn.Module:
    """Returns a linear classifier on the mean of the feature map, as the other networks and ours have it."""
    return nn.Sequential(features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 7))


def load_images(folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns all training images, uint8 (n, 1, height, width), and their labels, on the GPU."""
    classes = sorted(path.name for path in folder.iterdir())
    files = [(path, label) for label, name in enumerate(classes) for path in sorted((folder / name).iterdir())]
    pixels = np.stack([np.asarray(Image.open(path).convert("L")) for path, _ in files])[:, None]
    return torch.from_numpy(pixels).cuda(), torch.tensor([label for _, label in files]).cuda()


class Prepared(nn.Module):
    """A network behind what makes its input of stored pixels: resized, RGB, -1 to 1."""

    def __init__(self, network: nn.Module, image_size: int):
        super().__init__()
        self.network = network
        self.image_size = image_size

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        images = pixels.expand(-1, 3, -1, -1).to(torch.bfloat16) / 127.5 - 1
        images = nn.functional.interpolate(images, size=self.image_size, mode="bilinear")
        return self.network(images.contiguous(memory_format=torch.channels_last))


def main() -> None:
    arguments = parse_arguments()
    torch.backends.cudnn.benchmark = True
    torch.set_float32_matmul_precision("high")
    pixels, labels = load_images(arguments.data / "train")
    model = Prepared(NETWORKS[arguments.backbone](), arguments.image_size).cuda().to(memory_format=torch.channels_last)
    flops = count_flops(model, pixels[:8], labels[:8])
    compiled = torch.compile(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-5, fused=True)
    seconds = [train_epoch(compiled, optimizer, pixels, labels, arguments.batch_size) for _ in range(arguments.epochs)]
    num_images = len(labels) // arguments.batch_size * arguments.batch_size
    measures = {
        "training_seconds": sum(seconds),
        "epoch_seconds": seconds,
        "images_per_second": [num_images / epoch for epoch in seconds],
        "val_accuracy": [],
        "flops_per_image": flops,
        "versions": {"torch": torch.__version__},
    }
    arguments.result.write_text(json.dumps(measures))


def train_epoch(model, optimizer, pixels: torch.Tensor, labels: torch.Tensor, batch_size: int) -> float:
    """Trains on all whole batches in random order and returns the seconds it took."""
    model.train()
    order = torch.randperm(len(labels), device="cuda")
    torch.cuda.synchronize()
    started = time.perf_counter()
    for batch in order[: len(order) // batch_size * batch_size].split(batch_size):
        with torch.autocast("cuda", torch.bfloat16):
            loss = nn.functional.cross_entropy(model(pixels[batch]), labels[batch])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    torch.cuda.synchronize()
    return time.perf_counter() - started


def count_flops(model: nn.Module, pixels: torch.Tensor, labels: torch.Tensor) -> float:
    """Returns the floating-point operations of forward and backward pass for one image."""
    with FlopCounterMode(display=False) as counter, torch.autocast("cuda", torch.bfloat16):
        nn.functional.cross_entropy(model(pixels), labels).backward()
    model.zero_grad(set_to_none=True)
    return counter.get_total_flops() / len(labels)


def parse_arguments() -> Namespace:
    parser = ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--backbone", choices=NETWORKS, required=True)
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--result", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
