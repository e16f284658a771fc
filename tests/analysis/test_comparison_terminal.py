"""A comparison on the terminal."""

import pytest

from emotion_tl.analysis.comparison_terminal import NAME_WIDTH, broken


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("vgg16", ["vgg16"]),
        ("inceptionv3-mixed4-frozen_then_unfrozen", ["inceptionv3-mixed4-", "frozen_then_unfrozen"]),
        ("baseline_cnn-from_scratch", ["baseline_cnn-from_", "scratch"]),
        ("baseline_cnn, data.train_fraction=0.01", ["baseline_cnn,", "data.train_fraction=0.01"]),
        ("a" * 30, ["a" * 30]),
    ],
)
def test_long_names_are_broken_between_their_parts(name, lines):
    assert broken(name, NAME_WIDTH).splitlines() == lines
    assert broken(name, 80) == name
