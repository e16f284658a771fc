"""The files of the Hydra group conf/data."""

from dataclasses import fields
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from emotion_tl.config import DataConfig, to_typed
from emotion_tl.data.sources import check_data_config
from emotion_tl.errors import ConfigurationError

FOLDER = Path(__file__).resolve().parents[2] / "conf" / "data"
FILES = sorted(FOLDER.glob("*.yaml"))
NEED_A_PATH = {"image_folder", "csv", "depression_faces", "happy_sad_angry"}


def test_all_files_are_there():
    names = {path.stem for path in FILES}
    assert names == {"fer2013", "image_folder", "csv", "synthetic_faces", "depression_faces", "happy_sad_angry"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_is_a_valid_configuration_named_after_its_file(path):
    composed = OmegaConf.load(path)
    assert set(composed) <= {field.name for field in fields(DataConfig)}
    if path.stem in NEED_A_PATH:
        with pytest.raises(ConfigurationError, match=r"data\.path: expected"):
            check_data_config(to_typed(DataConfig, composed))
        composed.path = "faces"
    config = to_typed(DataConfig, composed)
    check_data_config(config)
    assert config.name == path.stem


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_says_its_command(path):
    assert f"#   python -m emotion_tl data={path.stem}" in path.read_text(encoding="utf-8")
