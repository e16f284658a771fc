"""FER-2013 in all its forms, and the real one where it is at hand."""

import os
from pathlib import Path

import numpy as np
import pytest

from emotion_tl.config import DataConfig
from emotion_tl.data.dataset import Dataset, load_dataset
from emotion_tl.errors import DataError
from tests.data.conftest import make_image, save_image, zip_folder

CLASSES = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
TABLE_ORDER = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
USAGES = ("Training", "PublicTest", "PrivateTest")
NUM_IMAGES = 2


def seed_of(usage: int, class_name: str, number: int) -> int:
    return usage * 100 + CLASSES.index(class_name) * 10 + number


def write_kaggle(root: Path, with_usage: bool = True) -> Path:
    """Writes the folder layout of Kaggle with two images of each class and usage."""
    for usage, usage_name in enumerate(USAGES):
        for class_name in CLASSES:
            for number in range(NUM_IMAGES):
                seed = seed_of(usage, class_name, number)
                name = f"{usage_name}_{seed}.png" if with_usage else f"{seed}.png"
                save_image(root / ("test" if usage else "train") / class_name / name, make_image(seed))
    return root


def write_table(path: Path, header: str) -> Path:
    """Writes the same images as a table; the order of the columns follows the header."""
    rows = [header]
    for usage, usage_name in enumerate(USAGES):
        for label, class_name in enumerate(TABLE_ORDER):
            for number in range(NUM_IMAGES):
                pixels = " ".join(map(str, make_image(seed_of(usage, class_name, number)).ravel()))
                cells = {"emotion": str(label), "pixels": pixels, "Usage": usage_name}
                rows.append(",".join(cells[name.strip()] for name in header.split(",")))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows))
    return path


def load(path: Path | None, cache: Path, **settings) -> Dataset:
    settings = {"image_size": 12} | settings
    path_text = None if path is None else str(path)
    return load_dataset(DataConfig(name="fer2013", source="fer2013", path=path_text, **settings), cache)


def test_official_splits_of_the_folder_and_its_archive(tmp_path):
    folder = write_kaggle(tmp_path / "fer2013")
    archive = zip_folder(folder, tmp_path / "fer2013.zip", inside="fer2013/")
    first, second = load(folder, tmp_path / "cache"), load(archive, tmp_path / "cache")
    assert first.fingerprint == second.fingerprint
    assert first.class_names == CLASSES
    assert [len(split) for split in first.splits().values()] == [14, 14, 14]
    assert all("PublicTest_" in image for image in first.val.image_ids)
    assert all("PrivateTest_" in image for image in first.test.image_ids)


def test_another_set_of_faces_is_told(tmp_path, caplog):
    load(write_kaggle(tmp_path / "fer2013"), tmp_path / "cache")
    assert "expected the 35,887 images of FER-2013" in caplog.text
    assert "Received: 42 images in angry, disgust" in caplog.text


@pytest.mark.parametrize(
    ("name", "header"),
    [("fer2013.csv", "emotion,pixels,Usage"), ("icml_face_data.csv", "emotion, Usage, pixels")],
)
def test_both_tables_say_the_same_as_the_folder(tmp_path, name, header):
    table = write_table(tmp_path / "tables" / name, header)
    dataset = load(table, tmp_path / "cache")
    folder = load(write_kaggle(tmp_path / "fer2013"), tmp_path / "cache")
    assert dataset.class_names == CLASSES
    for split, expected in zip(dataset.splits().values(), folder.splits().values(), strict=True):
        assert split.class_counts(7).tolist() == expected.class_counts(7).tolist()
        for label in range(7):
            ours, theirs = split.read(split.labels == label), expected.read(expected.labels == label)
            np.testing.assert_array_equal(ours, theirs)
    assert dataset.val.image_ids[0] == "val/angry/00014"
    assert load(table.parent, tmp_path / "cache").fingerprint == dataset.fingerprint


def test_a_copy_without_official_names_gets_its_val_from_train(tmp_path):
    dataset = load(write_kaggle(tmp_path / "fer2013", with_usage=False), tmp_path / "cache")
    assert [len(split) for split in dataset.splits().values()] == [7, 7, 28]
    assert all(image.startswith("train/") for image in dataset.val.image_ids)


def test_three_of_the_classes(tmp_path):
    path = write_table(tmp_path / "fer2013.csv", "emotion,pixels,Usage")
    dataset = load(path, tmp_path / "cache", classes=["happy", "sad", "angry"])
    assert dataset.class_names == ("happy", "sad", "angry")
    np.testing.assert_array_equal(
        dataset.train.read(dataset.train.labels == 1)[0, ..., 0], make_image(seed_of(0, "sad", 0))
    )


def test_a_wrong_emotion_is_an_error(tmp_path):
    path = write_table(tmp_path / "fer2013.csv", "emotion,pixels,Usage")
    path.write_text(path.read_text() + "\n7,1 2 3 4,Training")
    with pytest.raises(DataError, match=r"expected the emotions 0 to 6. Received: 7"):
        load(path, tmp_path / "cache")


def says_the_three_ways(message: str) -> bool:
    return all(part in message for part in ("(1)", "data.path=null", "(2)", ".zip", "(3)", "fer2013.csv"))


def test_a_path_that_is_not_there_says_the_three_ways(tmp_path):
    with pytest.raises(DataError, match="which is not there") as caught:
        load(tmp_path / "away.zip", tmp_path / "cache")
    assert says_the_three_ways(str(caught.value))


def test_without_a_network_the_error_says_the_three_ways(tmp_path, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kaggle"))
    with pytest.raises(DataError, match="could not be fetched from Kaggle") as caught:
        load(None, tmp_path / "cache")
    assert says_the_three_ways(str(caught.value))


def test_what_was_fetched_once_needs_no_network_and_once_packed_not_even_the_files(tmp_path, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kaggle"))
    versions = tmp_path / "kaggle" / "datasets" / "msambare" / "fer2013"
    write_kaggle(versions / "versions" / "1")
    (versions / "1.complete").touch()
    first = load(None, tmp_path / "cache")
    (versions / "versions").rename(tmp_path / "away")
    assert load(None, tmp_path / "cache").fingerprint == first.fingerprint


def shared_fer2013() -> Path:
    """The real data, below the folder that EMOTION_TL_SHARED names, or below `shared` beside the checkout."""
    shared = os.environ.get("EMOTION_TL_SHARED") or Path(__file__).resolve().parents[2].parent / "shared"
    return Path(shared) / "data" / "fer2013.zip"


@pytest.fixture(scope="module")
def real_dataset(tmp_path_factory) -> Dataset:
    path = shared_fer2013()
    if not path.is_file():
        pytest.skip(f"the real FER-2013 is not at {path}; name its folder with EMOTION_TL_SHARED")
    return load(path, tmp_path_factory.mktemp("cache"), image_size=48)


def test_real_counts(real_dataset):
    counts = {name: split.class_counts(7).tolist() for name, split in real_dataset.splits().items()}
    assert counts == {
        "train": [3995, 436, 4097, 7215, 4965, 4830, 3171],
        "val": [467, 56, 496, 895, 607, 653, 415],
        "test": [491, 55, 528, 879, 626, 594, 416],
    }
    assert real_dataset.rejected.empty


def test_real_copies(real_dataset):
    num_copies = {name: int(split.has_copy.sum()) for name, split in real_dataset.splits().items()}
    assert num_copies == {"train": 0, "val": 280, "test": 3589 - 3275}
    train, val, test = (
        [image.tobytes() for image in split.read(slice(None))] for split in real_dataset.splits().values()
    )
    assert len({*train, *val, *test}) == 34_034
    in_train, in_val = set(train), set(val)
    assert sum(image in in_train for image in test) == 288
    assert sum(image in in_val for image in test) == 44


def test_real_images_that_are_left_out(real_dataset, tmp_path_factory):
    dataset = load(shared_fer2013(), tmp_path_factory.getbasetemp() / "again", image_size=48, dedup="clean")
    assert not dataset.test.has_copy.any()
    assert len(dataset.test) == 3589
    assert len({image.tobytes() for image in dataset.train.read(slice(None))}) == len(dataset.train)
    assert len(dataset.train) + len(dataset.val) + len(dataset.left_out) == 28_709 + 3589
