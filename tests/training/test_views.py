import numpy as np
import pytest

from emotion_tl.config import AugmentationConfig
from emotion_tl.training.views import apply_view, describe_view, view_names
from tests.tiny import draw_images

FLIPPED = AugmentationConfig(name="light", horizontal_flip=True, rotation_factor=0.1, brightness_factor=0.2)
UPRIGHT = AugmentationConfig(name="light", rotation_factor=0.1)


@pytest.mark.parametrize(
    ("config", "num_views", "expected"),
    [
        (FLIPPED, 1, ("image",)),
        (FLIPPED, 2, ("image", "mirror")),
        (FLIPPED, 4, ("image", "mirror", "augmentation 1", "augmentation 2")),
        # Where the sides mean something there is no mirror.
        (UPRIGHT, 3, ("image", "augmentation 1", "augmentation 2")),
        (AugmentationConfig(), 4, ("image",)),
    ],
)
def test_view_names(config, num_views, expected):
    assert view_names(config, num_views) == expected


def test_image_and_mirror():
    images = draw_images(np.arange(3), 1, seed=0)
    np.testing.assert_array_equal(apply_view(images, FLIPPED, "image", 0), images)
    mirrored = apply_view(images, FLIPPED, "mirror", 0)
    np.testing.assert_array_equal(mirrored[:, :, 0], images[:, :, -1])
    np.testing.assert_array_equal(mirrored[:, :, ::-1], images)


def test_an_augmentation_stays_the_same_and_differs_from_the_others():
    images = draw_images(np.arange(3).repeat(4), 1, seed=0)
    first = apply_view(images, FLIPPED, "augmentation 1", 0)
    assert first.dtype == np.uint8
    assert first.shape == images.shape
    np.testing.assert_array_equal(apply_view(images, FLIPPED, "augmentation 1", 0), first)
    others = [apply_view(images, FLIPPED, "augmentation 2", 0), apply_view(images, FLIPPED, "augmentation 1", 64)]
    for other in (images, *others):
        assert np.abs(other.astype(int) - first).mean() > 5


def test_what_a_view_shows_depends_on_the_augmentation_where_it_is_one():
    assert describe_view(FLIPPED, "mirror") == describe_view(UPRIGHT, "mirror")
    assert describe_view(FLIPPED, "augmentation 1") != describe_view(UPRIGHT, "augmentation 1")
    assert describe_view(FLIPPED, "augmentation 1") != describe_view(FLIPPED, "augmentation 2")
    renamed = AugmentationConfig(**vars(FLIPPED) | {"name": "mine"})
    assert describe_view(renamed, "augmentation 1") == describe_view(FLIPPED, "augmentation 1")
