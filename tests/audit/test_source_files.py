"""What the headers of the files say, in every form of a source."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emotion_tl.audit.source_files import read_source_files
from emotion_tl.config import DataConfig
from emotion_tl.data.sources.listing import Listing, choose_classes
from tests.data.conftest import make_image, save_image, zip_folder


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "faces"
    save_image(root / "happy" / "grey.png", make_image(0))
    save_image(root / "happy" / "large.jpg", make_image(1, size=40))
    save_image(root / "sad" / "colour.png", np.zeros((8, 20, 3), dtype=np.uint8))
    Image.fromarray(np.zeros((12, 12, 4), dtype=np.uint8)).save(root / "sad" / "transparent.png")
    (root / "sad" / "broken.jpg").write_bytes(b"no image")
    return root


def describe(path, **settings):
    config = {"name": "faces", "source": "image_folder", "path": str(path), "image_size": 12} | settings
    return read_source_files(DataConfig(**config)).summary()


def test_sizes_modes_and_formats(folder):
    assert describe(folder) == {
        "num_files": 4,
        "num_sizes": 3,
        "most_frequent_sizes": {"12 x 12": 2, "40 x 40": 1, "20 x 8": 1},
        "smallest_side": 8,
        "largest_side": 40,
        "num_not_square": 1,
        "num_enlarged": 1,
        "modes": {"L": 2, "RGB": 1, "RGBA": 1},
        "formats": {"PNG": 3, "JPEG": 1},
    }


def test_archives_and_tables_say_the_same(folder, tmp_path):
    files = [path.relative_to(tmp_path).as_posix() for path in sorted(folder.rglob("*.*"))]
    table = pd.DataFrame({"path": files, "label": [path.split("/")[1] for path in files]})
    table.to_csv(tmp_path / "faces.csv", index=False)
    expected = describe(folder)
    assert describe(zip_folder(folder, tmp_path / "faces.zip")) == expected
    assert describe(tmp_path / "faces.csv", source="csv") == expected


def test_only_the_chosen_classes_are_looked_at(folder):
    save_image(folder / "angry" / "1.png", make_image(2))
    assert describe(folder, classes=["happy", "angry"])["formats"] == {"PNG": 2, "JPEG": 1}


def test_sources_without_files_say_so(folder, tmp_path):
    pd.DataFrame({"pixels": ["0 1 2 3"], "label": ["sad"]}).to_csv(tmp_path / "pixels.csv", index=False)
    assert "grey values in a table" in describe(tmp_path / "pixels.csv", source="csv")["note"]
    assert "drawn by the program" in describe("unused", source="synthetic_faces", num_images=9)["note"]


def test_files_that_are_gone_are_no_error(tmp_path):
    assert "could not be looked at" in describe(tmp_path / "away")["note"]


def test_a_source_of_which_nothing_is_known_has_a_note_too():
    listing = Listing(pd.DataFrame({"image": ["a"], "class_name": ["sad"], "split": [None]}), ("sad",), [])
    assert choose_classes(listing, ["Sad"]).note == "The source has no file for each image."
