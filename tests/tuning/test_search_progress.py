"""What is told while a search runs."""

import io

import pytest
from rich.console import Console

from emotion_tl.tuning.search_progress import SearchProgress
from tests.tuning.searches import LEARNING_RATE, make_space
from tests.tuning.test_space import oracle_of


class Search:
    """An oracle whose trials end as a test says, and what is told of them."""

    def __init__(self, folder, is_terminal: bool = False):
        self.oracle = oracle_of(make_space(rate=LEARNING_RATE), folder=folder, max_trials=4, seed=0)
        self.oracle.verbose = 0
        self.told = io.StringIO()
        console = Console(file=self.told, force_terminal=is_terminal, width=120)
        self.progress = SearchProgress(self.oracle, console, 4)

    def end(self, value: float | None) -> None:
        """Runs a trial to its end, with a figure or without."""
        trial = self.oracle.create_trial("tuner0")
        if value is not None:
            self.oracle.update_trial(trial.trial_id, {"val_accuracy": value})
        trial.status = "FAILED" if value is None else "COMPLETED"
        self.oracle.end_trial(trial)


def test_each_trial_is_told_once(tmp_path, capsys):
    search = Search(tmp_path)
    with search.progress as progress:
        progress.update()
        for value in (0.5, None, 0.625):
            search.end(value)
            progress.update()
            progress.update()
    first, second, third = search.told.getvalue().splitlines()
    assert first.startswith("trial 0: 50.00 %; 1 of 4 done, 0 running, 0 failed, ")
    assert second.startswith("trial 1: failed; 2 of 4 done, 0 running, 1 failed, ")
    assert third.startswith("trial 2: 62.50 %; 3 of 4 done, 0 running, 1 failed, ")


def test_a_terminal_shows_the_best_so_far(tmp_path, capsys):
    search = Search(tmp_path, is_terminal=True)
    assert search.progress.best_lines() == []
    for value in (0.5, 0.625, 0.25):
        search.end(value)
    (line,) = search.progress.best_lines()
    assert "best so far: 62.50 % in trial 1: rate " in line.plain


def test_the_time_left_is_that_of_the_trials_of_this_start(tmp_path, capsys, monkeypatch):
    search = Search(tmp_path)
    now = search.progress.began
    monkeypatch.setattr("time.monotonic", lambda: now)
    for seconds in (100, 10):
        now += seconds
        search.end(0.5)
        search.progress.update()
    # What is done once, before the first trial ends, is not counted.
    assert search.told.getvalue().splitlines()[-1].endswith("20 s left")


@pytest.mark.parametrize("num_trials", [None, 4])
def test_before_two_trials_have_ended_nobody_knows_how_long_it_will_take(tmp_path, num_trials):
    search = Search(tmp_path)
    search.progress.num_trials = num_trials
    assert search.progress.time_left(0).endswith(" so far")
