"""The state of a search while it runs: how many trials ended how, the best so far, and the time left."""

import math
import time

import keras_tuner
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from emotion_tl.duration import told_duration
from emotion_tl.tuning.leaderboard import readable, value_of_objective

REFRESHES_PER_SECOND = 4


class SearchProgress:
    """Shows a search: live on a terminal, elsewhere a line a trial."""

    def __init__(self, oracle: keras_tuner.Oracle, console: Console, num_trials: int | None):
        """Takes the oracle.

        Args:
            oracle: whose trials are shown.
            console: where.
            num_trials: of the whole search; None where that is not known before its end.
        """
        self.oracle = oracle
        self.console = console
        self.num_trials = num_trials
        self.began = time.monotonic()
        self.num_told = len(oracle.end_order)
        # When the first trial of this start ended, and how many there were then: before that there is much that is
        # done once, and trials of an earlier start say nothing of how long one takes now.
        self.first_end: tuple[float, int] | None = None
        self.live = Live(console=console, refresh_per_second=REFRESHES_PER_SECOND, get_renderable=self.view)

    def __enter__(self) -> "SearchProgress":
        """Starts to show."""
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves the last state on the terminal."""
        if self.console.is_terminal:
            self.live.stop()

    def update(self, *_: object) -> None:
        """Looks at the time, and tells of trials that have ended, where there is no terminal to show them on."""
        num_ended = len(self.oracle.end_order)
        if self.first_end is None and num_ended > self.num_told:
            self.first_end = time.monotonic(), num_ended
        if self.console.is_terminal:
            return
        for trial_id in self.oracle.end_order[self.num_told :]:
            trial = self.oracle.trials[trial_id]
            score = "failed" if trial.score is None else value_of_objective(trial.score, self.oracle.objective.name)
            line = f"trial {trial_id}: {score}; {self.counts()}"
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)
        self.num_told = num_ended

    def view(self) -> RenderableType:
        """Returns what stands on the terminal now."""
        ended = len(self.oracle.end_order)
        line = Table.grid(padding=(0, 2))
        line.add_row("search", ProgressBar(total=self.num_trials, completed=ended, width=30), self.counts())
        return Group(line, *self.best_lines())

    def counts(self) -> str:
        """Returns how many trials there are of each kind, and the time left."""
        ended = [self.oracle.trials[trial_id] for trial_id in self.oracle.end_order]
        num_failed = sum(trial.status == "FAILED" for trial in ended)
        total = "" if self.num_trials is None else f" of {self.num_trials}"
        running = len(self.oracle.ongoing_trials)
        return f"{len(ended)}{total} done, {running} running, {num_failed} failed, {self.time_left(len(ended))}"

    def time_left(self, num_ended: int) -> str:
        """Returns how long the search will go on at the speed so far."""
        began, num_before = self.first_end or (self.began, num_ended)
        if self.num_trials is None or num_ended in (num_before, self.num_trials):
            return f"{told_duration(time.monotonic() - self.began)} so far"
        seconds = (time.monotonic() - began) / (num_ended - num_before)
        return f"{told_duration(seconds * max(self.num_trials - num_ended, 0))} left"

    def best_lines(self) -> list[Text]:
        """Returns the best trial so far, with its values."""
        best = self.oracle.get_best_trials(1)
        if not best or best[0].score is None or math.isnan(best[0].score):
            return []
        values = best[0].hyperparameters.values
        own = ", ".join(f"{name} {readable(value)}" for name, value in values.items() if not name.startswith("tuner/"))
        score = value_of_objective(best[0].score, self.oracle.objective.name)
        return [Text(f"best so far: {score} in trial {best[0].trial_id}: {own}", overflow="fold")]
