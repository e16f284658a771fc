import numpy as np
import pytest

from emotion_tl.explanation.overlay import LARGEST_OPACITY, beside_overlay, marking_colors, overlay


@pytest.mark.parametrize("channels", [1, 3])
def test_image_stays_where_the_map_is_zero_and_glows_where_it_is_one(channels):
    image = np.full((4, 6, channels), 100, np.uint8)
    activation_map = np.zeros((4, 6), "float32")
    activation_map[1, 2] = 1
    shown = overlay(image, activation_map)
    expected = (1 - LARGEST_OPACITY) * 100 + LARGEST_OPACITY * 255 * marking_colors([1.0])[0]
    assert shown[1, 2] == pytest.approx(expected, abs=1)
    shown[1, 2] = 100
    assert (shown == 100).all()


def test_brighter_is_stronger_to_the_eye_too():
    luma = marking_colors(np.linspace(0, 1, 20)) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luma) > 0).all()


def test_image_stands_at_the_left_as_it_is():
    image = np.random.default_rng(0).integers(0, 256, (48, 48, 1), dtype=np.uint8)
    shown = beside_overlay(image, np.ones((48, 48), "float32"))
    assert (shown[:, :48] == image).all()
    assert (shown[:, 48:50] == 255).all()
    assert shown.shape == (48, 48 + 2 + 48, 3)
