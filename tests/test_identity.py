"""Two runs have one identity exactly where their results must be the same."""

import pytest

from emotion_tl.identity import run_identity
from tests.runs import compose_config

FINGERPRINT = "0" * 64


def identity(*overrides: str, fingerprint: str = FINGERPRINT) -> str:
    return run_identity(compose_config(["data=fer2013", "backbone=baseline_cnn", *overrides]), fingerprint)


@pytest.mark.parametrize(
    "override",
    [
        "cache_dir=/elsewhere",
        "data.path=/elsewhere",
        "tracking.run_name=mine",
        "tracking.parent_run_id=abc",
        "sweep.rerun=all",
        "trainer.require_gpu=true",
        "trainer.cache_size_limit=1",
    ],
)
def test_where_and_how_a_run_is_kept_does_not_change_it(override):
    assert identity(override) == identity()


@pytest.mark.parametrize(
    "override",
    [
        "seed=1",
        "head.dropout=0.25",
        "schedule.phases.from_scratch.epochs=3",
        "imbalance=class_weight",
        "backbone=simple_cnn",
        "trainer.precision=mixed_bfloat16",
        "trainer.backend=jax",
        "data.split_seed=1",
    ],
)
def test_what_can_change_a_result_changes_it(override):
    assert identity(override) != identity()


def test_other_images_are_another_run():
    assert identity(fingerprint="1" * 64) != identity()


def test_a_weights_file_is_known_by_its_content(tmp_path):
    first, copy, other = (tmp_path / name for name in ("first.h5", "copy.h5", "other.h5"))
    first.write_bytes(b"weights")
    copy.write_bytes(b"weights")
    other.write_bytes(b"other weights")
    of_first, of_copy, of_other = (identity(f"backbone.weights={file}") for file in (first, copy, other))
    assert of_first == of_copy != of_other
