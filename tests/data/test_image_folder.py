"""Folders and archives of images, from the files to the data set."""

import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion_tl.data.dataset import load_dataset
from emotion_tl.errors import DataError
from tests.data.conftest import make_image, save_image, write_classes, write_splits, zip_folder


def test_folder_with_splits(tmp_path, folder_config):
    dataset = load_dataset(folder_config(write_splits(tmp_path / "faces")), tmp_path / "cache")
    assert dataset.class_names == ("angry", "happy", "sad")
    assert dataset.num_classes == 3
    assert dataset.image_shape == (12, 12, 1)
    assert {name: len(split) for name, split in dataset.splits().items()} == {"train": 12, "val": 12, "test": 12}
    assert dataset.val.image_ids[4] == "val/happy/000.png"
    assert dataset.val.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    np.testing.assert_array_equal(dataset.val.read([4])[0, ..., 0], make_image(1004))
    assert dataset.rejected.empty


def test_folder_without_splits(tmp_path, folder_config):
    config = folder_config(write_classes(tmp_path / "faces", num_images=40))
    dataset = load_dataset(config, tmp_path / "cache")
    assert dataset.test.class_counts(3).tolist() == [6, 6, 6]
    assert dataset.val.class_counts(3).tolist() == [3, 3, 3]
    ids = np.concatenate([split.image_ids for split in dataset.splits().values()])
    assert len(set(ids)) == 120


def test_archive_and_folder_are_the_same_data_set(tmp_path, folder_config):
    folder = write_splits(tmp_path / "faces")
    plain = zip_folder(folder, tmp_path / "plain.zip")
    nested = zip_folder(folder, tmp_path / "nested.zip", inside="faces/")
    datasets = [load_dataset(folder_config(path), tmp_path / "cache") for path in (folder, plain, nested)]
    assert len({dataset.fingerprint for dataset in datasets}) == 1
    assert len({tuple(dataset.train.image_ids) for dataset in datasets}) == 1
    assert len(list((tmp_path / "cache" / "stores").iterdir())) == 1
    assert not (tmp_path / "faces.png").exists()


def test_relative_path_and_home(tmp_path, folder_config, monkeypatch):
    write_splits(tmp_path / "faces")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    relative, home = (load_dataset(folder_config(path), tmp_path / "cache") for path in ("faces", "~/faces"))
    assert relative.fingerprint == home.fingerprint


def test_chosen_classes_in_the_chosen_order(tmp_path, folder_config):
    folder = write_classes(tmp_path / "faces", classes=("Angry", "Fear", "Happy", "Sad"))
    dataset = load_dataset(folder_config(folder, classes=["happy", "sad", "angry"]), tmp_path / "cache")
    assert dataset.class_names == ("happy", "sad", "angry")
    happy = dataset.train.image_ids[dataset.train.labels == 0]
    assert len(happy)
    assert all(image.startswith("Happy/") for image in happy)
    assert sum(len(split) for split in dataset.splits().values()) == 30


def test_unknown_class_lists_those_found(tmp_path, folder_config):
    config = folder_config(write_classes(tmp_path / "faces"), classes=["happy", "joy"])
    with pytest.raises(DataError, match=r"expected some of angry, happy, sad. Received: joy"):
        load_dataset(config, tmp_path / "cache")


def test_linked_folders_are_followed_and_circles_end(tmp_path, folder_config):
    write_classes(tmp_path / "elsewhere")
    (tmp_path / "faces").mkdir()
    for name in ("angry", "happy", "sad"):
        (tmp_path / "faces" / name).symlink_to(tmp_path / "elsewhere" / name)
    (tmp_path / "elsewhere" / "sad" / "circle").symlink_to(tmp_path / "elsewhere" / "sad")
    (tmp_path / "elsewhere" / "happy" / "all").symlink_to(tmp_path / "faces")
    (tmp_path / "faces" / "nowhere").symlink_to(tmp_path / "away")
    dataset = load_dataset(folder_config(tmp_path / "faces"), tmp_path / "cache")
    assert dataset.class_names == ("angry", "happy", "sad")
    assert sum(split.class_counts(3) for split in dataset.splits().values()).tolist() == [10, 10, 10]


def test_colour_and_many_formats(tmp_path, folder_config):
    folder = write_splits(tmp_path / "faces")
    rgb = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    for suffix in ("jpg", "bmp", "webp", "tif"):
        Image.fromarray(rgb).save(folder / "train" / "sad" / f"colour.{suffix}")
    save_image(folder / "train" / "sad" / "wrong.jpg", rgb, format="PNG")
    dataset = load_dataset(folder_config(folder, color_mode="rgb"), tmp_path / "cache")
    assert dataset.rejected.empty
    assert len(dataset.train) == 17
    assert dataset.image_shape == (12, 12, 3)


def write_with_bad_files(folder):
    """A folder of 36 good images and four bad ones."""
    write_splits(folder)
    place = folder / "train" / "sad"
    (place / "empty.jpg").touch()
    (place / "text.jpg").write_text("I am a text.\n" * 100)
    shutil.copy(place / "000.png", place / "truncated.png")
    os.truncate(place / "truncated.png", 100)
    save_image(place / "large.png", make_image(0, 100))
    (place / "Thumbs.db").write_bytes(b"no image")
    return folder


def test_bad_files_are_skipped_and_named(tmp_path, folder_config):
    folder = write_with_bad_files(tmp_path / "faces")
    config = folder_config(folder, max_bad_fraction=0.1, max_image_pixels=9999)
    for _ in range(2):
        dataset = load_dataset(config, tmp_path / "cache")
        reasons = dict(dataset.rejected.itertuples(index=False, name=None))
        assert sorted(reasons) == [
            f"train/sad/{name}" for name in ("empty.jpg", "large.png", "text.jpg", "truncated.png")
        ]
        assert "0 bytes" in reasons["train/sad/empty.jpg"]
        assert "100 x 100" in reasons["train/sad/large.png"]
        assert len(dataset.train) == 12


def test_too_many_bad_files_are_an_error_that_names_them(tmp_path, folder_config):
    folder = write_with_bad_files(tmp_path / "faces")
    config = folder_config(folder, max_bad_fraction=0.05, max_image_pixels=9999)
    for _ in range(2):
        with pytest.raises(
            DataError, match=r"4 of 40 images cannot be used:\n  train/sad/empty.jpg: empty file"
        ) as caught:
            load_dataset(config, tmp_path / "cache")
    assert "data.max_bad_fraction=0.05" in str(caught.value)


def test_too_many_bad_files_are_told_where_the_cache_may_only_be_read(tmp_path, folder_config):
    config = folder_config(write_with_bad_files(tmp_path / "faces"), max_bad_fraction=0.05, max_image_pixels=9999)
    report = tmp_path / "cache" / "rejected_images_of_faces.csv"
    with pytest.raises(DataError, match=f"All of them, with their reasons: {report}"):
        load_dataset(config, tmp_path / "cache")
    report.unlink()
    # Root may write everywhere, but no table in the place of a folder.
    report.mkdir()
    with pytest.raises(DataError, match=r"max_bad_fraction=0\.05\. Repair or remove these files"):
        load_dataset(config, tmp_path / "cache")


def test_an_image_that_cannot_be_read_this_time_is_not_kept_as_damaged(tmp_path, folder_config, monkeypatch):
    folder = write_splits(tmp_path / "faces")
    config = folder_config(folder, max_bad_fraction=0.5)
    sick = folder / "train" / "sad" / "002.png"
    open_path = Path.open

    def fail(path, *arguments, **options):
        if path == sick:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return open_path(path, *arguments, **options)

    with monkeypatch.context() as failing:
        failing.setattr(Path, "open", fail)
        with pytest.raises(DataError, match=r"train/sad/002\.png could not be read: .*Permission denied.*remove it"):
            load_dataset(config, tmp_path / "cache")
    dataset = load_dataset(config, tmp_path / "cache")
    assert len(dataset.train) == 12
    assert dataset.rejected.empty


def test_no_good_file_at_all(tmp_path, folder_config):
    for name in ("happy", "sad"):
        (tmp_path / "faces" / name).mkdir(parents=True)
        (tmp_path / "faces" / name / "a.jpg").touch()
    with pytest.raises(DataError, match="2 of 2 images cannot be used"):
        load_dataset(folder_config(tmp_path / "faces"), tmp_path / "cache")
    assert list((tmp_path / "cache" / "stores").iterdir()) == []


def test_a_class_without_images_in_a_split_is_an_error(tmp_path, folder_config):
    folder = write_splits(tmp_path / "faces")
    shutil.rmtree(folder / "val" / "sad")
    with pytest.raises(DataError, match=r"There are none of: sad in val"):
        load_dataset(folder_config(folder), tmp_path / "cache")


def test_an_empty_class_folder_is_an_error(tmp_path, folder_config):
    folder = write_classes(tmp_path / "faces")
    (folder / "neutral").mkdir()
    with pytest.raises(DataError, match=r"neutral in train, neutral in val, neutral in test"):
        load_dataset(folder_config(folder), tmp_path / "cache")
    load_dataset(folder_config(folder, classes=["happy", "sad"]), tmp_path / "cache")


def test_one_class_is_an_error(tmp_path, folder_config):
    folder = write_classes(tmp_path / "faces" / "train", classes=("sad",)).parent
    with pytest.raises(DataError, match=r"expected two or more classes. Found: sad"):
        load_dataset(folder_config(folder), tmp_path / "cache")


def test_a_file_beside_the_folder_of_everything_is_told_of(tmp_path, folder_config):
    write_splits(tmp_path / "download" / "data")
    save_image(tmp_path / "download" / "sample.png", make_image(0))
    with pytest.raises(DataError, match=r"Found: data\. Give data\.path the folder that holds the class folders"):
        load_dataset(folder_config(tmp_path / "download"), tmp_path / "cache")


def test_a_path_that_is_not_there(tmp_path, folder_config):
    with pytest.raises(DataError, match=r"data.path: expected a folder, .*away, which is not there"):
        load_dataset(folder_config(tmp_path / "away"), tmp_path / "cache")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("~nosuchuser/faces", "which cannot be found: Could not determine home directory"),
        ("x" * 300, "which cannot be found: File name too long"),
        ("loop", "which is not there"),
    ],
)
def test_a_path_that_cannot_be_one(tmp_path, folder_config, monkeypatch, path, reason):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(DataError, match=rf"data.path: expected a folder, .* Received: .*{path}, {reason}"):
        load_dataset(folder_config(path), tmp_path / "cache")


def test_a_link_to_itself_is_named(tmp_path, folder_config):
    folder = write_splits(tmp_path / "faces")
    (folder / "val" / "sad" / "loop.png").symlink_to("loop.png")
    with pytest.raises(DataError, match=r"val/sad/loop.png cannot be read: Too many levels of symbolic links. Mend"):
        load_dataset(folder_config(folder), tmp_path / "cache")


def test_a_file_that_is_no_archive(tmp_path, folder_config):
    (tmp_path / "faces.rar").write_bytes(b"Rar!")
    with pytest.raises(DataError, match=r"faces.rar: expected a folder or a whole zip archive"):
        load_dataset(folder_config(tmp_path / "faces.rar"), tmp_path / "cache")


def test_a_damaged_member_of_an_archive_is_rejected_alone(tmp_path, folder_config):
    archive = zip_folder(write_splits(tmp_path / "faces", num_images=40), tmp_path / "faces.zip")
    content = bytearray(archive.read_bytes())
    content[content.index(b"000.png") + 60] ^= 255
    archive.write_bytes(content)
    dataset = load_dataset(folder_config(archive), tmp_path / "cache")
    assert len(dataset.rejected) == 1
    assert "damaged or truncated" in dataset.rejected["reason"][0]
