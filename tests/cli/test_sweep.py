"""What a sweep is known by."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from emotion_tl.cli.sweep import is_tried


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("backbone=vgg16,vgg19", True),
        ("+experiment=quick_transfer", True),
        ("trainer.batch_size=64", True),
        ("cache_dir=/elsewhere", False),
        ("tracking=local", False),
        ("++tracking.tags.mine=1", False),
        ("sweep.rerun=all", False),
        ("trainer.require_gpu=true", False),
        ("trainer.cache_size_limit=1", False),
        ("data.path=/other_faces", True),
        ("+data.person_pattern='(a)'", True),
    ],
)
def test_sweep_is_known_by_its_settings_with_effect_and_by_its_data(override, expected):
    assert is_tried(OverridesParser.create().parse_override(override)) is expected
