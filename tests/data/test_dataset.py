"""Splits, fingerprints and the reuse of packed stores."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from emotion_tl.config import DataConfig
from emotion_tl.data import store
from emotion_tl.data.dataset import load_dataset
from emotion_tl.data.packing import KEPT_OUT_OF_KEY
from emotion_tl.errors import ConfigurationError, DataError
from tests.data.conftest import make_image, save_image, write_classes, write_splits


def stores_in(cache: Path) -> list[Path]:
    return list((cache / "stores").iterdir())


@pytest.fixture
def folder(tmp_path):
    return write_splits(tmp_path / "faces")


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def test_read_takes_positions_in_any_order(folder, cache, folder_config):
    train = load_dataset(folder_config(folder), cache).train
    everything = train.read(slice(None))
    assert everything.shape == (12, 12, 12, 1)
    assert everything.dtype == np.uint8
    np.testing.assert_array_equal(train.read([7, 0, 7]), everything[[7, 0, 7]])
    np.testing.assert_array_equal(train.read(train.labels == 1), everything[4:8])
    assert train.read([]).shape == (0, 12, 12, 1)


def test_read_gives_a_copy_that_may_be_changed(folder, cache, folder_config):
    train = load_dataset(folder_config(folder), cache).train
    train.read(slice(0, 3))[:] = 0
    train.read([0, 1, 2])[:] = 0
    assert train.read([0]).max() > 0


def test_a_part_of_a_split_keeps_what_is_known_of_its_images(folder, cache, folder_config):
    train = load_dataset(folder_config(folder), cache).train
    assert train.pixel_hashes.tolist() == [store.hash_pixels(image) for image in train.read(slice(None))]
    part = train.take(np.array([2, 5, 11])).take(np.array([0, 2]))
    assert part.whole is train
    assert part.positions_in_whole().tolist() == [2, 11]
    assert part.pixel_hashes.tolist() == [store.hash_pixels(image) for image in part.read(slice(None))]
    assert part.image_ids.tolist() == ["train/angry/002.png", "train/sad/003.png"]
    assert part.labels.tolist() == [0, 2]


def test_copies_across_official_splits_are_marked_and_left_in(folder, cache, folder_config):
    save_image(folder / "val" / "sad" / "copy.png", make_image(0))
    save_image(folder / "test" / "sad" / "copy.bmp", make_image(1005))
    save_image(folder / "train" / "sad" / "twin.png", make_image(0))
    dataset = load_dataset(folder_config(folder), cache)
    assert not dataset.train.has_copy.any()
    assert dataset.val.image_ids[dataset.val.has_copy].tolist() == ["val/sad/copy.png"]
    assert dataset.test.image_ids[dataset.test.has_copy].tolist() == ["test/sad/copy.bmp"]


def test_identical_images_never_part(tmp_path, cache, folder_config):
    folder = write_classes(tmp_path / "pairs", num_images=30)
    for path in list(folder.rglob("*.png")):
        path.with_suffix(".copy.png").write_bytes(path.read_bytes())
    dataset = load_dataset(folder_config(folder), cache)
    assert not any(split.has_copy.any() for split in dataset.splits().values())
    names = [{image.split(".")[0] for image in split.image_ids} for split in dataset.splits().values()]
    assert [len(of_split) for of_split in names] == [69, 9, 12]
    assert len(set.union(*names)) == 90


def overwrite_unseen(path: Path) -> None:
    """Destroys a file in a way that neither its size nor its time of change tells."""
    status = path.stat()
    path.write_bytes(bytes(status.st_size))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_the_second_time_no_image_is_decoded(folder, cache, folder_config):
    first = load_dataset(folder_config(folder), cache)
    for path in folder.rglob("*.png"):
        overwrite_unseen(path)
    second = load_dataset(folder_config(folder), cache)
    assert second.fingerprint == first.fingerprint
    np.testing.assert_array_equal(second.test.read(slice(None)), first.test.read(slice(None)))


OTHER_SETTINGS = {
    "name": "other",
    "val_fraction": 0.2,
    "test_fraction": 0.3,
    "person_pattern": r"(\d)\.png$",
    "split_seed": 7,
    "dedup": "clean",
    "train_fraction": 0.5,
    "max_bad_fraction": 0.5,
}


@pytest.mark.parametrize("key", [key for key in KEPT_OUT_OF_KEY if key != "path"])
def test_settings_of_the_split_do_not_pack_again(tmp_path, cache, folder_config, key):
    folder = write_classes(tmp_path / "classes", num_images=30)
    first = load_dataset(folder_config(folder), cache)
    for path in folder.rglob("*.png"):
        overwrite_unseen(path)
    other = load_dataset(folder_config(folder, **{key: OTHER_SETTINGS[key]}), cache)
    assert len(stores_in(cache)) == 1
    is_same = key in ("name", "dedup", "max_bad_fraction")
    assert (other.fingerprint == first.fingerprint) == is_same


def test_of_every_setting_it_is_said_whether_it_packs_again():
    # One that is added and not kept out of the key has every data set packed again.
    packs_again = {field.name for field in fields(DataConfig)} - set(KEPT_OUT_OF_KEY)
    pixels = {"source", "classes", "image_size", "color_mode", "max_image_pixels", "num_images", "drawing_seed"}
    assert packs_again == pixels | {"path_column", "pixels_column", "label_column", "split_column"}


@pytest.mark.parametrize("settings", [{"image_size": 10}, {"color_mode": "rgb"}, {"classes": ["sad", "angry"]}])
def test_settings_of_the_pixels_pack_again(folder, cache, folder_config, settings):
    first = load_dataset(folder_config(folder), cache)
    other = load_dataset(folder_config(folder, **settings), cache)
    assert other.fingerprint != first.fingerprint
    assert len(stores_in(cache)) == 2


def test_a_changed_a_new_and_a_removed_file_are_seen(folder, cache, folder_config):
    fingerprints = [load_dataset(folder_config(folder), cache).fingerprint]
    save_image(folder / "train" / "sad" / "new.png", make_image(77))
    fingerprints.append(load_dataset(folder_config(folder), cache).fingerprint)
    save_image(folder / "train" / "sad" / "new.png", make_image(78, 13))
    fingerprints.append(load_dataset(folder_config(folder), cache).fingerprint)
    (folder / "train" / "sad" / "new.png").unlink()
    fingerprints.append(load_dataset(folder_config(folder), cache).fingerprint)
    assert len(set(fingerprints)) == 3
    assert fingerprints[0] == fingerprints[3]


@pytest.mark.parametrize("name", [".DS_Store", "train/Thumbs.db", "train/sad/@eaDir/000.png/small.jpg", "notes.txt"])
def test_a_file_that_is_no_image_does_not_pack_again(folder, cache, folder_config, name):
    config = folder_config(folder)
    load_dataset(config, cache)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("left by the system")
    assert load_dataset(config, cache).rejected.empty
    assert len(list((cache / "sources").iterdir())) == 1


def test_the_fingerprint_is_that_of_the_content(tmp_path, cache, folder_config):
    here = load_dataset(folder_config(write_splits(tmp_path / "here")), cache)
    there = load_dataset(folder_config(write_splits(tmp_path / "there"), name="other"), tmp_path / "other_cache")
    assert here.fingerprint == there.fingerprint
    assert len(here.fingerprint) == 32
    int(here.fingerprint, 16)
    moved = write_splits(tmp_path / "moved")
    (moved / "train" / "sad" / "000.png").rename(moved / "train" / "happy" / "100.png")
    assert load_dataset(folder_config(moved), cache).fingerprint != here.fingerprint


def damage_images(cache: Path) -> None:
    path = stores_in(cache)[0] / store.IMAGES_FILE
    os.truncate(path, path.stat().st_size - 1)


def damage_entry(cache: Path) -> None:
    next((cache / "sources").iterdir()).write_text('{"store"')


def remove_store(cache: Path) -> None:
    stores_in(cache)[0].rename(cache / "away")


@pytest.mark.parametrize("damage", [damage_images, damage_entry, remove_store])
def test_a_damaged_store_is_told_and_packed_again(folder, cache, folder_config, damage, caplog):
    first = load_dataset(folder_config(folder), cache)
    expected = first.train.read(slice(None))
    damage(cache)
    again = load_dataset(folder_config(folder), cache)
    assert "packed again" in caplog.text
    np.testing.assert_array_equal(again.train.read(slice(None)), expected)
    caplog.clear()
    load_dataset(folder_config(folder), cache)
    assert caplog.text == ""


def test_a_cache_that_cannot_be_written(folder, tmp_path, folder_config):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"could not be packed into .*cache_dir=/path/to/folder"):
        load_dataset(folder_config(folder), tmp_path / "file")


def test_wrong_settings_are_told_before_anything_is_read(tmp_path, folder_config):
    with pytest.raises(ConfigurationError, match="image_size"):
        load_dataset(folder_config(tmp_path / "away", image_size=1), tmp_path / "cache")


SCRIPT = """
import sys
from pathlib import Path
from emotion_tl.config import DataConfig
from emotion_tl.data.dataset import load_dataset
config = DataConfig(name="faces", source="csv", path=sys.argv[1], image_size=12)
print(load_dataset(config, Path(sys.argv[2])).fingerprint)
"""


def start_packing(table: Path, cache: Path) -> subprocess.Popen:
    command = [sys.executable, "-c", SCRIPT, str(table), str(cache)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def write_table(path: Path, num_rows: int) -> Path:
    """Writes a table that takes a second or two to pack."""
    rows = np.random.default_rng(0).integers(0, 256, (num_rows, 400))
    lines = [f"{number % 3},{' '.join(map(str, row))}" for number, row in enumerate(rows)]
    path.write_text("label,pixels\n" + "\n".join(lines))
    return path


def test_two_processes_at_once(tmp_path, cache):
    table = write_table(tmp_path / "faces.csv", 2000)
    processes = [start_packing(table, cache) for _ in range(2)]
    outputs = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert outputs[0][0] == outputs[1][0]
    assert len(stores_in(cache)) == 1


def test_control_c_leaves_nothing_behind(tmp_path, cache):
    process = start_packing(write_table(tmp_path / "faces.csv", 20_000), cache)
    deadline = time.monotonic() + 30
    while not list(cache.glob("stores/.building-*/images.npy")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in errors
    assert stores_in(cache) == []
    assert not (cache / "sources").exists()
