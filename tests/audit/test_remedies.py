"""What `data.dedup` would leave out of a folder of faces."""

import shutil
from dataclasses import replace
from pathlib import Path

from emotion_tl.audit.remedies import try_remedies
from emotion_tl.audit.report import remedies_table
from emotion_tl.audit.result import audit_exactly
from emotion_tl.audit.summary import remedies_table as terminal_table
from emotion_tl.config import DataConfig
from emotion_tl.data.dataset import load_dataset
from tests.data.conftest import write_splits


def folder_config(root: Path) -> DataConfig:
    return DataConfig(name="faces", source="image_folder", path=str(root), image_size=12)


def test_counts_are_by_reason_and_split(tmp_path):
    root = write_splits(tmp_path / "faces")
    shutil.copy(root / "train" / "sad" / "000.png", root / "test" / "sad" / "copy.png")
    shutil.copy(root / "train" / "sad" / "001.png", root / "train" / "sad" / "copy.png")
    dropped, cleaned = try_remedies(folder_config(root), tmp_path / "cache")
    assert dropped.summary()["by_reason"] == {
        "copy of an image in a later split": {"train": 1, "val": 0, "test": 0},
    }
    assert cleaned.num_left_out == 2
    assert cleaned.left_out["train"].to_dict() == {
        "copy of an image in a later split": 1,
        "copy of another train image": 1,
    }


def test_nothing_is_left_out_of_different_images(tmp_path):
    root = write_splits(tmp_path / "faces")
    assert [remedy.num_left_out for remedy in try_remedies(folder_config(root), tmp_path / "cache")] == [0, 0]


def test_a_choice_that_leaves_a_class_without_images_is_told_as_such(tmp_path):
    root = write_splits(tmp_path / "faces")
    for number in range(4):
        shutil.copy(root / "train" / "sad" / f"00{number}.png", root / "test" / "sad" / f"copy_{number}.png")
    remedies = try_remedies(folder_config(root), tmp_path / "cache")
    assert all("none of: sad in train" in str(remedy.obstacle) for remedy in remedies)
    result = replace(audit_exactly(load_dataset(folder_config(root), tmp_path / "cache")), remedies=remedies)
    assert "none of: sad in train" in remedies_table(result).html()
    assert terminal_table(result).row_count == 2
