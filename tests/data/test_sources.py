"""The check of the settings."""

import subprocess
import sys

import pytest

from emotion_tl.config import DataConfig
from emotion_tl.data.sources import SOURCES, check_data_config, load_source
from emotion_tl.errors import ConfigurationError

VALID = {
    "fer2013": {},
    "image_folder": {"path": "faces"},
    "csv": {"path": "faces.csv"},
    "synthetic_faces": {"num_images": 70},
}


def make_config(source: str, **settings) -> DataConfig:
    return DataConfig(**{"name": "faces", "source": source} | VALID.get(source, {}) | settings)


@pytest.mark.parametrize("source", SOURCES)
def test_defaults_are_valid(source):
    check_data_config(make_config(source))


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_is_a_module_with_the_two_functions(source):
    module = load_source(source)
    assert callable(module.describe_state)
    assert callable(module.open_listing)


@pytest.mark.parametrize(
    ("source", "settings", "message"),
    [
        (
            "fer2014",
            {},
            "data.source: expected one of fer2013, image_folder, csv, synthetic_faces. Received: 'fer2014'.",
        ),
        ("fer2013", {"name": "???"}, "data.name: expected"),
        ("fer2013", {"color_mode": "bgr"}, "data.color_mode: expected one of grayscale, rgb. Received: 'bgr'."),
        ("fer2013", {"image_size": 7}, "data.image_size: expected at least 8 pixels and at most 1024. Received: 7."),
        (
            "fer2013",
            {"image_size": 1025},
            "data.image_size: expected at least 8 pixels and at most 1024. Received: 1025.",
        ),
        ("fer2013", {"val_fraction": 0.0}, "data.val_fraction: expected a fraction"),
        ("fer2013", {"val_fraction": 1.0}, "data.val_fraction: expected a fraction"),
        ("fer2013", {"test_fraction": -0.1}, "data.test_fraction: expected a fraction"),
        ("fer2013", {"max_bad_fraction": 1.0}, "data.max_bad_fraction: expected a fraction"),
        ("fer2013", {"max_image_pixels": 0}, "data.max_image_pixels: expected"),
        ("fer2013", {"max_image_pixels": 10**9}, "data.max_image_pixels: expected"),
        ("fer2013", {"split_seed": -1}, "data.split_seed: expected"),
        ("fer2013", {"classes": ["happy"]}, "data.classes: expected two or more different class names"),
        ("fer2013", {"classes": ["happy", "Happy"]}, "data.classes: expected two or more different class names"),
        ("image_folder", {"path": None}, "data.path: expected the folder or zip archive"),
        ("csv", {"path": ""}, "data.path: expected the table"),
        ("csv", {"path_column": "a", "pixels_column": "b"}, "data.pixels_column: expected null beside"),
        ("synthetic_faces", {"num_images": 0}, "data.num_images: expected"),
        ("synthetic_faces", {"drawing_seed": -1}, "data.drawing_seed: expected"),
    ],
)
def test_wrong_settings_are_named(source, settings, message):
    with pytest.raises(ConfigurationError) as caught:
        check_data_config(make_config(source, **settings))
    assert message in str(caught.value)


HEAVY = ("cv2", "pandas", "PIL", "numpy", "keras")


def test_the_check_loads_no_heavy_library():
    script = f"import sys, emotion_tl.data.sources; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
