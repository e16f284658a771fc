"""Chooses by which features the labels of a data set are judged, and judges them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from emotion_tl.audit.images import AuditedImages
from emotion_tl.audit.kept_parts import KeptParts
from emotion_tl.audit.label_issues import LabelIssues, judge_labels
from emotion_tl.audit.out_of_sample import choose_num_folds, predict_out_of_sample
from emotion_tl.audit.result import AuditResult
from emotion_tl.audit.thumbnails import THUMBNAIL_SIZE, make_thumbnails
from emotion_tl.command_config import AuditConfig
from emotion_tl.config import BackboneConfig, to_plain
from emotion_tl.errors import WeightsError
from emotion_tl.identity import weights_identity
from emotion_tl.runtime import select_backend

BY_PIXELS = "Labels were judged by pixels, which show less than a pretrained network"
PIXELS = f"grey pixels of images shrunk to {THUMBNAIL_SIZE} px"


def judge_images(result: AuditResult, kept: KeptParts, config: AuditConfig) -> tuple[LabelIssues | None, str | None]:
    """Judges the labels by what a classifier makes of images it has not seen.

    Returns:
        What was found, and what a reader has to know of how; None where there is nothing to find or to say.
    """
    images, near = result.images, result.near_duplicates
    labels = images.table["label"].to_numpy()
    groups = pd.factorize(images.table["pixel_hash"])[0] if near is None else near.group_of_image
    num_folds = choose_num_folds(labels, groups, config.num_folds)
    if num_folds < 2:
        return None, "The labels were not judged: that takes two different images of each class or more."
    probabilities, features, note = Judging(images, groups, num_folds, kept, config).predict()
    return judge_labels(probabilities, labels, images.dataset.class_names, features, num_folds), note


@dataclass(frozen=True, eq=False)
class Judging:
    """One cross-validation, by features of the backbone where its weights are there, else by pixels.

    Attributes:
        images: whose labels are judged.
        groups: int64 (n,), equal for images that stay in one fold.
        num_folds: 2 or more.
        kept: where the probabilities are kept.
        config: of the audit.
    """

    images: AuditedImages
    groups: np.ndarray
    num_folds: int
    kept: KeptParts
    config: AuditConfig

    def predict(self) -> tuple[np.ndarray, str, str | None]:
        """Returns the probabilities, float64 (n, num_classes), the features behind them in words, and a note."""
        backbone = self.config.backbone
        if backbone.weights is None:
            return self.by_pixels(), PIXELS, f"{BY_PIXELS}: backbone.weights=null."
        try:
            return self.by_backbone(), describe_backbone(backbone), None
        except WeightsError as error:
            return self.by_pixels(), PIXELS, f"{BY_PIXELS}: {error}"

    def by_backbone(self) -> np.ndarray:
        """Returns the probabilities by pooled features of the backbone."""
        settings = to_plain(self.config.backbone) | {"weights": weights_identity(self.config.backbone.weights)}

        def features() -> np.ndarray:
            # Keras takes seconds to import, and is not needed where the probabilities are kept.
            select_backend(self.config.trainer.backend)
            from emotion_tl.audit.features import backbone_features

            return backbone_features(self.images, self.config)

        return self.keep({"backbone": settings, "precision": self.config.trainer.precision}, features)

    def by_pixels(self) -> np.ndarray:
        """Returns the probabilities by small grey images."""

        def features() -> np.ndarray:
            thumbnails = make_thumbnails(self.images, np.arange(len(self.images)))
            return thumbnails.reshape(len(thumbnails), -1)

        return self.keep({"thumbnail_size": THUMBNAIL_SIZE}, features)

    def keep(self, settings: dict[str, Any], features: Callable[[], np.ndarray]) -> np.ndarray:
        """Returns the probabilities as they were kept with these settings, or computes and keeps them."""
        labels = self.images.table["label"].to_numpy()

        def compute() -> pd.DataFrame:
            judged = predict_out_of_sample(features(), labels, self.groups, self.num_folds, self.config.seed)
            return pd.DataFrame(judged, columns=list(self.images.dataset.class_names))

        folds = {
            "num_folds": self.num_folds,
            "seed": self.config.seed,
            "near_duplicates": self.config.near_duplicates and self.config.near_duplicate_correlation,
        }
        return self.kept.get_or_compute("probabilities", settings | folds, compute).to_numpy()


def describe_backbone(config: BackboneConfig) -> str:
    """Returns in words what the features are."""
    weights = "ImageNet" if config.weights == "imagenet" else str(config.weights).rsplit("/", 1)[-1]
    block = f" up to {config.output_block}" if config.output_block else ""
    return f"pooled features of {config.name}{block} at {config.image_size} px ({weights} weights)"
