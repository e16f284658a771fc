"""The figures of a run that show where in the test images it sees what it says."""

import keras
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from emotion_tl.data.dataset import Split
from emotion_tl.explanation.examples import draw_examples
from emotion_tl.explanation.feature_maps import ExplainedNetwork, cut_at_feature_map
from emotion_tl.explanation.gallery import NUM_OF_A_KIND, ExplainedImage, explanations_gallery
from emotion_tl.explanation.grad_cam import grad_cam
from emotion_tl.explanation.mean_maps import MeanMap, mean_maps_figure

MAX_CLASSES = 14
"""That are explained: enough for a figure, and a bound on the time it takes."""
NUM_AVERAGED = 50
"""Images of a class behind a mean map: two seconds in all for seven classes and InceptionV3 on two CPU cores."""


def explanation_figures(
    network: keras.Model,
    backbone: str,
    split: Split,
    class_names: tuple[str, ...],
    probabilities: NDArray[np.float64],
    seed: int,
) -> dict[str, Figure]:
    """Returns the figures by their names: examples of each class with their maps, and the mean map of each class.

    Args:
        network: from raw uint8 images to logits or probabilities.
        backbone: its name.
        split: the images, and their labels.
        class_names: one name per class; the first `MAX_CLASSES` of them are shown.
        probabilities: (n, num_classes) of all images of the split.
        seed: of drawing the images.
    """
    explained = cut_at_feature_map(network, backbone)
    labels = range(min(len(class_names), MAX_CLASSES))
    examples = explain_examples(explained, split, probabilities, labels, seed)
    means = average_maps(explained, split, labels, seed)
    return {
        "explanations": explanations_gallery(examples, class_names, explained.layer, split.name),
        "mean_activation_maps": mean_maps_figure(means, class_names, explained.layer, split.name),
    }


def explain_examples(
    network: ExplainedNetwork, split: Split, probabilities: NDArray[np.float64], labels: range, seed: int
) -> list[list[ExplainedImage]]:
    """Returns for each class images, right ones and wrong ones, with the maps of the classes predicted for them."""
    predicted = probabilities.argmax(axis=1)
    is_right = predicted == split.labels
    kinds = [(split.labels == label) & (is_right == kind) for label in labels for kind in (True, False)]
    positions = np.concatenate([draw_examples(is_candidate, NUM_OF_A_KIND, seed) for is_candidate in kinds])
    images = split.read(positions)
    found = grad_cam(network, images, predicted[positions])
    columns = zip(positions, images, found.maps, found.is_empty, strict=True)
    explained = [
        ExplainedImage(image, activation_map, int(predicted[position]), float(probabilities[position].max()), is_empty)
        for position, image, activation_map, is_empty in columns
    ]
    of_class = split.labels[positions]
    return [[explained[row] for row in np.flatnonzero(of_class == label)] for label in labels]


def average_maps(network: ExplainedNetwork, split: Split, labels: range, seed: int) -> list[MeanMap]:
    """Returns for each class the mean of its maps on images of it."""
    positions = np.concatenate([draw_examples(split.labels == label, NUM_AVERAGED, seed) for label in labels])
    images, of_class = split.read(positions), split.labels[positions]
    found = grad_cam(network, images, of_class)
    means = []
    for label in labels:
        rows = of_class == label
        mean_image = np.rint(images[rows].mean(axis=0)).astype(np.uint8)
        num_empty = int(found.is_empty[rows].sum())
        means.append(MeanMap(int(rows.sum()), mean_image, found.maps[rows].mean(axis=0), num_empty))
    return means
