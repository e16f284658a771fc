"""The test images without a copy in train or val, and what a reader has to know of the figures on them."""

from collections.abc import Sequence

from emotion_tl.analysis.model_predictions import ModelPredictions


def without_copies(test: ModelPredictions) -> ModelPredictions | None:
    """Returns the predictions on the test images without a copy in train or val; None where none, or all, have one."""
    return test.leak_free() if test.has_copy.any() and not test.has_copy.all() else None


def num_leak_free(test: ModelPredictions) -> int:
    """Returns how many test images have no copy in train or val."""
    return int((~test.has_copy).sum())


def told_absence(num_leak_free_images: int) -> str:
    """Returns why a model has no leak-free figures: nothing would be left, or there is nothing to leave out."""
    return "no copies" if num_leak_free_images else "all have copies"


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
