"""What ends a search before its last trial, and its workers with it."""

import time
from functools import partial
from multiprocessing import get_context

import pytest

from emotion_tl.config import TrackingConfig
from emotion_tl.errors import JobFailedError
from emotion_tl.tracking.parent_run import open_parent_run
from emotion_tl.tuning.chief import Chief, free_port
from emotion_tl.tuning.search_folder import SearchFolder
from emotion_tl.tuning.worker import NO_PROXY, Assignment
from tests.tuning.searches import DROPOUT, SOURCE, compose_search, compose_trial, make_space


@pytest.fixture
def assignment(tmp_path, monkeypatch):
    """Returns a search over heads whose images are not there."""
    for name in ("KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT", NO_PROXY):
        # What the chief sets is taken back.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    config = compose_search(space=make_space(dropout=DROPOUT))
    config.tracking = TrackingConfig(uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    parent = open_parent_run(config.tracking, config.data.name, "search", "key")
    head_trial = compose_trial([], ["data=image_folder", "data.path=/nowhere", f"cache_dir={tmp_path}"])
    folder = SearchFolder(tmp_path / "search")
    return Assignment(config, partial(compose_trial, []), SOURCE, folder, parent, head_trial, free_port())


def test_an_error_that_every_trial_would_meet_ends_the_search(assignment):
    chief = Chief(assignment)
    with pytest.raises(JobFailedError, match="/nowhere"):
        chief.watch(lambda _: None)
    (trial_id,) = chief.oracle.start_order
    # The same command begins with that trial again.
    assert assignment.folder.read_result(trial_id) is None


class SlowStart(Chief):
    """A chief whose second worker is being started when a signal arrives; it answers nobody."""

    def __init__(self):
        self.gpus = {"worker0": None, "worker1": None}
        self.workers = {}

    def start(self, name):
        self.workers[name] = get_context("spawn").Process(target=time.sleep, args=(600,), daemon=True)
        if name == "worker1":
            raise KeyboardInterrupt
        self.workers[name].start()


def test_signal_between_two_starts_ends_the_worker_that_runs():
    chief = SlowStart()
    with pytest.raises(KeyboardInterrupt), chief.started_workers():
        pass
    chief.workers["worker0"].join(10)
    assert not chief.workers["worker0"].is_alive()
