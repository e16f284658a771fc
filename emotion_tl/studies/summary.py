"""What a study plans and what it found, told on the terminal."""

from collections import Counter
from collections.abc import Sequence
from statistics import mean

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from emotion_tl.studies.plan import own_overrides, shared_overrides
from emotion_tl.studies.progress import Progress, duration, estimate_seconds
from emotion_tl.studies.record import StudyRow, StudyRuns
from emotion_tl.sweeps.summary import first_line

TO_RUN = "to run"


def print_plan(progress: Progress) -> None:
    """Prints each job of a study, whether an earlier run stands for it, and how long the others may take."""
    Console(highlight=False).print(plan_report(progress))


def plan_report(progress: Progress) -> RenderableType:
    """Returns a table with a row a job, and below it what is left."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("job", justify="right")
    for name in ("arm", "seed", "state", "minutes", "overrides"):
        table.add_column(name, justify="right" if name in ("seed", "minutes") else "left", overflow="fold")
    known = progress.seconds_by_variant()
    for job in progress.jobs:
        outcome = progress.ended.get(job.number)
        seconds = estimate_seconds([job], known) if outcome is None else outcome.total_seconds
        minutes = "-" if seconds is None else f"{'~' if outcome is None else ''}{seconds / 60:.1f}"
        state = TO_RUN if outcome is None else outcome.status
        own = " ".join(own_overrides(job, progress.jobs))
        table.add_row(str(job.number), escape(job.variant), str(job.seed), state, minutes, escape(own))
    shared = " ".join(shared_overrides(progress.jobs)) or "nothing in common"
    return Group(table, Text(f"All jobs: {shared}"), Text(describe_plan(progress)))


def describe_plan(progress: Progress) -> str:
    """Returns how many jobs earlier runs stand for, how many are to be run, and about how long that takes."""
    counts = Counter(outcome.status for outcome in progress.ended.values())
    parts = [f"{number} {status}" for status, number in counts.items()] + [f"{len(progress.left)} to run"]
    seconds = progress.seconds_left()
    time = "" if seconds is None or not progress.left else f", about {duration(seconds)} of computing"
    return f"{', '.join(parts)}{time}"


def print_study(study: StudyRuns, now: Sequence[StudyRow]) -> None:
    """Prints the arms of a study, and what became of the jobs of this start."""
    Console(highlight=False).print(study_report(study, now))


def study_report(study: StudyRuns, now: Sequence[StudyRow]) -> RenderableType:
    """Returns a table with a row for each arm with its values of the grid, the best first.

    Val figures only: whoever chose among the arms by test would choose on test.
    """
    table = Table(
        title=f"Study {study.name}, val figures in %, mean over the seeds", title_justify="left", box=SIMPLE_HEAD
    )
    table.add_column("arm", overflow="fold")
    for name in ("accuracy", "macro-F1", "runs", "minutes a run"):
        table.add_column(name, justify="right", no_wrap=True)
    for variant, rows in sorted(by_variant(study).items(), key=lambda entry: -mean_accuracy(entry[1])):
        baseline = " (baseline)" if rows[0].arm == study.baseline else ""
        table.add_row(escape(variant) + baseline, *figures(rows))
    return Group(table, *(Text(line) for line in closing_lines(now)))


def closing_lines(rows: Sequence[StudyRow]) -> list[str]:
    """Returns how many jobs of a start ended how, and why some failed."""
    counts = Counter(row.outcome.status for row in rows)
    failures = [
        f"{row.variant}, seed {row.seed} {row.outcome.status}: {first_line(row.outcome.reason)}"
        for row in rows
        if row.outcome.has_failed
    ]
    return [", ".join(f"{number} {status}" for status, number in counts.items()), *failures]


def by_variant(study: StudyRuns) -> dict[str, list[StudyRow]]:
    """Returns the rows of each arm with its values of the grid."""
    variants: dict[str, list[StudyRow]] = {}
    for row in study.rows:
        variants.setdefault(row.variant, []).append(row)
    return variants


def mean_accuracy(rows: Sequence[StudyRow]) -> float:
    """Returns the mean val accuracy of the runs that finished; 0 where none has."""
    values = [row.outcome.val_accuracy for row in rows if row.outcome.val_accuracy is not None]
    return mean(values) if values else 0.0


def figures(rows: Sequence[StudyRow]) -> tuple[str, str, str, str]:
    """Returns accuracy and macro-F1 with their range over the seeds, the number of runs, and minutes, as text."""
    finished = [row.outcome for row in rows if not row.outcome.has_failed]
    runs = f"{len(finished)}" if len(finished) == len(rows) else f"{len(finished)} of {len(rows)}"
    minutes = [outcome.total_seconds / 60 for outcome in finished if outcome.total_seconds is not None]
    return (
        with_range([outcome.val_accuracy for outcome in finished]),
        with_range([outcome.val_macro_f1 for outcome in finished]),
        runs,
        f"{mean(minutes):.1f}" if minutes else "-",
    )


def with_range(shares: Sequence[float | None]) -> str:
    """Returns the mean of some shares in percent, with the smallest and the largest where they are several."""
    values = [100 * share for share in shares if share is not None]
    if not values:
        return "-"
    spread = f" ({min(values):.1f}–{max(values):.1f})" if len(values) > 1 else ""
    return f"{mean(values):.1f}{spread}"


def study_table(study: StudyRuns) -> pd.DataFrame:
    """Returns a row a job with its arm, seed, values of the grid, status, run and figures."""
    return pd.DataFrame(
        [
            {
                "arm": row.arm,
                "seed": row.seed,
                **row.settings,
                "status": row.outcome.status,
                "run_id": row.run_id,
                "run_name": row.outcome.run_name,
                "val_accuracy": row.outcome.val_accuracy,
                "val_macro_f1": row.outcome.val_macro_f1,
                "minutes": None if row.outcome.total_seconds is None else row.outcome.total_seconds / 60,
                "reason": row.outcome.reason,
            }
            for row in study.rows
        ]
    )
