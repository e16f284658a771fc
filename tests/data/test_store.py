"""The files of a store, their check and the move to their place."""

import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emotion_tl.data import store
from emotion_tl.data.store import DamagedStoreError, ImageFileWriter, building_folder, hash_pixels, open_store, publish
from tests.data.conftest import make_image

NUM_IMAGES = 5


def build(stores: Path) -> Path:
    """Writes a store of five images and returns its folder."""
    images = [make_image(seed)[..., None] for seed in range(NUM_IMAGES)]
    with building_folder(stores) as folder:
        with ImageFileWriter(folder / store.IMAGES_FILE, (12, 12, 1)) as writer:
            for image in images:
                writer.append(image)
        table = pd.DataFrame({"image": [f"{number}.png" for number in range(NUM_IMAGES)], "label": [0, 1, 0, 1, 0]})
        table["split"] = pd.Series(["train", None, "val", None, "test"], dtype=object)
        table["pixel_hash"] = [hash_pixels(image) for image in images]
        fingerprint = store.write_tables(folder, table, ("sad", "happy"), (12, 12, 1))
        publish(folder, stores / fingerprint)
    return stores / fingerprint


def test_what_was_written_is_read(tmp_path):
    opened = open_store(build(tmp_path))
    assert isinstance(opened.images, np.memmap)
    np.testing.assert_array_equal(opened.images, [make_image(seed)[..., None] for seed in range(NUM_IMAGES)])
    assert opened.class_names == ("sad", "happy")
    assert opened.table["split"].fillna("none").tolist() == ["train", "none", "val", "none", "test"]


def test_same_content_same_name_and_nothing_left_over(tmp_path):
    assert build(tmp_path / "a").name == build(tmp_path / "b").name
    build(tmp_path / "a")
    assert len(list((tmp_path / "a").iterdir())) == 1


def flip_byte(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


DAMAGES = {
    "a bit of a pixel": lambda folder: flip_byte(folder / store.IMAGES_FILE, -1),
    "the header of the images": lambda folder: flip_byte(folder / store.IMAGES_FILE, 20),
    "truncated images": lambda folder: os.truncate(folder / store.IMAGES_FILE, 500),
    "no images": lambda folder: (folder / store.IMAGES_FILE).unlink(),
    "truncated table": lambda folder: os.truncate(folder / store.TABLE_FILE, 100),
    "another table": lambda folder: pd.DataFrame({"image": ["a"]}).to_parquet(folder / store.TABLE_FILE),
    "empty meta": lambda folder: (folder / store.META_FILE).write_text(""),
    "class names": lambda folder: (folder / store.META_FILE).write_text(
        (folder / store.META_FILE).read_text().replace("sad", "mad")
    ),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_any_damage_is_found_and_replaced_by_the_next_publication(tmp_path, damage):
    folder = build(tmp_path)
    damage(folder)
    with pytest.raises(DamagedStoreError):
        open_store(folder)
    assert build(tmp_path) == folder
    open_store(folder)
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_a_whole_store_of_another_process_is_kept(tmp_path):
    folder = build(tmp_path)
    inode = (folder / store.IMAGES_FILE).stat().st_ino
    build(tmp_path)
    assert (folder / store.IMAGES_FILE).stat().st_ino == inode


def test_a_mapped_store_survives_its_replacement(tmp_path):
    folder = build(tmp_path)
    images = open_store(folder).images
    (folder / store.META_FILE).write_text("")
    build(tmp_path)
    np.testing.assert_array_equal(images[3, ..., 0], make_image(3))


def test_an_interrupted_build_leaves_nothing(tmp_path):
    def interrupted_build() -> None:
        with building_folder(tmp_path) as folder:
            (folder / "half").write_bytes(bytes(100))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted_build()
    assert list(tmp_path.iterdir()) == []


def test_what_killed_processes_left_is_removed_after_a_day(tmp_path):
    old, young = tmp_path / ".building-old", tmp_path / ".building-young"
    for folder in (old, young):
        folder.mkdir()
        (folder / "half").write_bytes(bytes(100))
    os.utime(old, (time.time() - 2 * 24 * 3600,) * 2)
    with building_folder(tmp_path):
        assert not old.exists()
        assert young.exists()


def test_what_another_process_publishes_meanwhile_is_no_error(tmp_path):
    # As one that was there when the folder was listed, and not any more when it is looked at.
    (tmp_path / ".building-gone").symlink_to(tmp_path / "published")
    with building_folder(tmp_path) as folder:
        assert folder.is_dir()
