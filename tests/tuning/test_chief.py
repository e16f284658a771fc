"""The workers of a search end with it, whenever that is."""

import time
from multiprocessing import get_context

import pytest

from emotion_tl.tuning.chief import Chief


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
