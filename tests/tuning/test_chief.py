"""What ends a search before its last trial, and its workers with it."""

import time
from functools import partial
from multiprocessing import get_context

import pytest

from emotion_tl.config import TrackingConfig
from emotion_tl.errors import JobFailedError
from emotion_tl.tracking.parent_run import open_parent_run
from emotion_tl.tuning import search
from emotion_tl.tuning.chief import Chief, free_port
from emotion_tl.tuning.search_folder import SearchFolder, TrialResult
from emotion_tl.tuning.trial_tuner import TrialTuner
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


class Stopped(Chief):
    """A chief whom no worker asks, stopped by an error once so many trials have finished."""

    def __init__(self, error, num_finished, assignment):
        self.error = error
        self.num_finished = num_finished
        self.assignment = assignment
        self.oracle = TrialTuner(assignment).oracle

    def watch(self, _):
        for number in range(self.num_finished):
            trial = self.oracle.create_trial(f"worker{number}")
            self.assignment.folder.write_result(trial.trial_id, TrialResult("finished", 0.5, 1, 1.0))
        raise self.error


NO_ROOM = JobFailedError("No space left on device.")


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt(), "KILLED"), (NO_ROOM, "FAILED")])
def test_trials_that_have_finished_are_told_whatever_stops_the_search(assignment, monkeypatch, error, status):
    monkeypatch.setattr(search, "Chief", partial(Stopped, error, 1))
    result = search.run_trials(assignment, "mine")
    assert (result.status, result.ended_by) == (status, error)
    assert result.best["value"] == 0.5
    assert (assignment.folder.path / "trials.csv").is_file()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), NO_ROOM])
def test_what_stopped_a_search_in_which_no_trial_finished_is_told(assignment, monkeypatch, error):
    monkeypatch.setattr(search, "Chief", partial(Stopped, error, 0))
    with pytest.raises(type(error)) as raised:
        search.run_trials(assignment, "mine")
    assert raised.value is error


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
