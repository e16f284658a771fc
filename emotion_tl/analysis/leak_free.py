"""The test images without a copy in train or val, and what a reader has to know of the figures on them."""

from collections.abc import Sequence
from dataclasses import replace

from emotion_tl.analysis.model_predictions import ModelPredictions
from emotion_tl.evaluation.predictions import has_leak_free_part


def without_copies(test: ModelPredictions) -> ModelPredictions | None:
    """Returns the predictions on the test images without a copy in train or val.

    None where no image has a copy, or less than two have none.
    """
    if not has_leak_free_part(test.has_copy):
        return None
    kept = ~test.has_copy
    return replace(
        test, labels=test.labels[kept], probabilities=test.probabilities[:, kept], has_copy=test.has_copy[kept]
    )


def both_without_copies(
    first: ModelPredictions, second: ModelPredictions
) -> tuple[ModelPredictions, ModelPredictions] | None:
    """Returns the predictions of two models on the test images of which neither has a copy in its train or val.

    None where no image has a copy, or less than two have none.
    """
    has_copy = first.has_copy | second.has_copy
    kept = [without_copies(replace(test, has_copy=has_copy)) for test in (first, second)]
    return None if kept[0] is None or kept[1] is None else (kept[0], kept[1])


def num_leak_free(test: ModelPredictions) -> int:
    """Returns how many test images have no copy in train or val."""
    return int((~test.has_copy).sum())


def told_absence(num_leak_free_images: int) -> str:
    """Returns why a model has no leak-free figures: too little would be left, or there is nothing to leave out."""
    return {0: "all have copies", 1: "one image"}.get(num_leak_free_images, "no copies")


def leak_free_caveat(tests: Sequence[ModelPredictions]) -> str | None:
    """Returns a sentence where the leak-free test images are not the same for all models; None where they are.

    Args:
        tests: the predictions of each model on the same test images.
    """
    if len({test.has_copy.tobytes() for test in tests}) == 1:
        return None
    counts = [num_leak_free(test) for test in tests]
    left = f"{min(counts):,}" if min(counts) == max(counts) else f"{min(counts):,} to {max(counts):,}"
    return (
        f"The leak-free test images are not the same for all models: which have a copy depends on the images a model "
        f"learnt from ({left} of {tests[0].num_images:,} are left), so compare leak-free figures only where these are "
        "the same."
    )
