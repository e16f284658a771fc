"""What a sweep found, told on the terminal when it ends, and kept as a table."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from emotion_tl.override_text import shared_overrides
from emotion_tl.sweeps.outcome import JobOutcome, told_counts


def print_outcomes(outcomes: Sequence[JobOutcome]) -> None:
    """Prints the jobs with the best first, then those that failed, each with its reason."""
    Console(highlight=False).print(outcomes_report(outcomes))


def outcomes_report(outcomes: Sequence[JobOutcome]) -> RenderableType:
    """Returns the table of a sweep and, below it, what there is to remark.

    Val figures only: whoever chose among the jobs by test would choose on test.
    """
    common = common_overrides(outcomes)
    table = Table(title="Sweep, val figures in %, the best first", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("job", justify="right")
    table.add_column("overrides", overflow="fold")
    for name in ("accuracy", "macro-F1", "minutes"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for outcome in sorted(outcomes, key=lambda outcome: -(outcome.val_accuracy or 0.0)):
        own = " ".join(text for text in outcome.overrides if text not in common) or "(no overrides)"
        table.add_row(str(outcome.number), escape(own), *figures(outcome), outcome.status)
    return Group(table, *(Text(line) for line in remarks(outcomes)))


def figures(outcome: JobOutcome) -> tuple[str, str, str]:
    """Returns accuracy, macro-F1 and minutes as text."""

    def told(value: float | None, factor: float) -> str:
        return "-" if value is None else f"{factor * value:.1f}"

    return told(outcome.val_accuracy, 100), told(outcome.val_macro_f1, 100), told(outcome.seconds, 1 / 60)


def remarks(outcomes: Sequence[JobOutcome]) -> list[str]:
    """Returns how many jobs ended how, why some failed, and what all of them share."""
    lines = [", ".join(told_counts(outcomes))]
    lines += told_failures((f"Job {outcome.number}", outcome) for outcome in outcomes)
    common = common_overrides(outcomes)
    if common:
        lines.append(f"All jobs: {' '.join(common)}")
    return lines


def common_overrides(outcomes: Sequence[JobOutcome]) -> list[str]:
    """Returns the overrides that all jobs share, where there are several jobs."""
    return shared_overrides([outcome.overrides for outcome in outcomes]) if len(outcomes) > 1 else []


def told_failures(outcomes: Iterable[tuple[str, JobOutcome]]) -> list[str]:
    """Returns the reasons of the jobs that failed, given by their names, those of one reason in one line."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for name, outcome in outcomes:
        if outcome.has_failed:
            reasons.setdefault((outcome.status, first_line(outcome.reason)), []).append(name)
    return [f"{'; '.join(names)} {status}: {reason}" for (status, reason), names in reasons.items()]


def first_line(reason: str | None) -> str:
    """Returns the first line of a reason."""
    return (reason or "no reason given").splitlines()[0]


def outcomes_table(outcomes: Sequence[JobOutcome]) -> pd.DataFrame:
    """Returns a row a job, with its overrides as one text."""
    table = pd.DataFrame([asdict(outcome) for outcome in outcomes])
    table["overrides"] = table["overrides"].map(" ".join)
    return table
