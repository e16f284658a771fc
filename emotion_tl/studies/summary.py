"""What a study found, told on the terminal, and kept as a table."""

from collections.abc import Sequence
from statistics import mean

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from emotion_tl.duration import told_duration
from emotion_tl.studies.record import StudyRow, StudyRuns
from emotion_tl.sweeps.outcome import told_counts
from emotion_tl.sweeps.summary import told_failures


def print_study(study: StudyRuns, now: Sequence[StudyRow]) -> None:
    """Prints the arms of a study, and what became of the jobs of this start."""
    Console(highlight=False).print(study_report(study, now))


def study_report(study: StudyRuns, now: Sequence[StudyRow]) -> RenderableType:
    """Returns a table with a row for each arm with its values of the grid, the best first.

    Val figures only: whoever chose among the arms by test would choose on test.
    """
    title = f"Study {escape(study.name)}, val figures in %, mean over the seeds"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("arm", overflow="fold")
    for name in ("accuracy", "macro-F1", "runs", "time a run"):
        table.add_column(name, justify="right", no_wrap=True)
    for variant, rows in sorted(by_variant(study).items(), key=lambda entry: -mean_accuracy(entry[1])):
        baseline = " (baseline)" if rows[0].arm == study.baseline else ""
        table.add_row(escape(variant) + baseline, *figures(rows))
    return Group(table, *(Text(line) for line in closing_lines(now)))


def closing_lines(rows: Sequence[StudyRow]) -> list[str]:
    """Returns how many jobs of a start ended how, and why some failed."""
    failures = told_failures((f"{row.variant}, seed {row.seed}", row.outcome) for row in rows)
    return [", ".join(told_counts(row.outcome for row in rows)), *failures]


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
    """Returns accuracy and macro-F1 with their range over the seeds, the number of runs, and the time of one."""
    finished = [row.outcome for row in rows if not row.outcome.has_failed]
    runs = f"{len(finished)}" if len(finished) == len(rows) else f"{len(finished)} of {len(rows)}"
    seconds = [outcome.total_seconds for outcome in finished if outcome.total_seconds is not None]
    return (
        with_range([outcome.val_accuracy for outcome in finished]),
        with_range([outcome.val_macro_f1 for outcome in finished]),
        runs,
        told_duration(mean(seconds)) if seconds else "-",
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
