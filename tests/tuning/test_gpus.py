"""Which GPU each worker of a search computes on."""

import os

import pytest

from emotion_tl.tuning.chief import gpus_of_workers
from emotion_tl.tuning.gpus import VISIBLE, share_gpus, use_gpu, visible_gpus
from tests.tuning.searches import compose_search


@pytest.mark.parametrize(
    ("num_workers", "gpus", "expected"),
    [
        (4, ["0", "1"], ["0", "1", "0", "1"]),
        (2, ["3", "5", "7"], ["3", "5"]),
        (3, ["0"], [None] * 3),
        (2, [], [None] * 2),
    ],
)
def test_workers_take_turns_where_there_are_several_gpus(num_workers, gpus, expected):
    assert share_gpus(num_workers, gpus) == expected


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [("2,5", ["2", "5"]), (" GPU-1a, GPU-2b ", ["GPU-1a", "GPU-2b"]), ("", []), ("-1", ["-1"])],
)
def test_gpus_that_were_allowed_are_counted(monkeypatch, allowed, expected):
    monkeypatch.setenv(VISIBLE, allowed)
    assert visible_gpus() == expected


def test_the_driver_is_asked_where_nothing_was_said(monkeypatch, tmp_path):
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'GPU 0: H100 (UUID: a)'\necho '  MIG 1g.10gb'\necho 'GPU 1: H100 (UUID: b)'\n")
    program.chmod(0o755)
    monkeypatch.delenv(VISIBLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert visible_gpus() == ["0", "1"]


def test_without_a_driver_there_is_none(monkeypatch, tmp_path):
    monkeypatch.delenv(VISIBLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert visible_gpus() == []


def test_a_worker_without_one_of_its_own_keeps_what_was_said(monkeypatch):
    monkeypatch.setenv(VISIBLE, "1,2")
    use_gpu(None)
    assert os.environ[VISIBLE] == "1,2"
    use_gpu("2")
    assert os.environ[VISIBLE] == "2"


def test_trials_that_take_all_gpus_are_not_kept_to_one(monkeypatch):
    monkeypatch.setenv(VISIBLE, "4,6")
    assert gpus_of_workers(compose_search("tune.num_workers=3")) == ["4", "6", "4"]
    assert gpus_of_workers(compose_search("tune.num_workers=3", "trainer.devices=all")) == [None] * 3
