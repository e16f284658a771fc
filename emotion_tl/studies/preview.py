"""What a study would run and what it has run, told on the terminal before the first job."""

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from emotion_tl.duration import told_duration
from emotion_tl.override_text import key_of, shared_overrides
from emotion_tl.studies.plan import PlannedJob, own_overrides
from emotion_tl.studies.progress import Progress, estimate_seconds
from emotion_tl.sweeps.outcome import told_counts


def print_preview(name: str, progress: Progress, images: str) -> None:
    """Prints each job of a study, whether an earlier run stands for it, and how long the others may take."""
    Console(highlight=False).print(preview(name, progress, images))


def preview(name: str, progress: Progress, images: str) -> RenderableType:
    """Returns a table with a row for each arm with its values of the grid and a column for each seed.

    Args:
        name: of the study.
        progress: before its first job.
        images: what they are, in a line.
    """
    table = Table(box=SIMPLE_HEAD)
    table.add_column("arm", overflow="fold")
    for seed in dict.fromkeys(job.seed for job in progress.jobs):
        table.add_column(f"seed {seed}", no_wrap=True)
    rows: dict[str, list[str]] = {}
    for job in progress.jobs:
        rows.setdefault(job.variant, []).append(state_of(job, progress))
    for variant, states in rows.items():
        table.add_row(escape(variant), *states)
    title = Text(f"Study {name}: {describe_plan(progress)}\n{images}")
    return Group(title, table, *(Text(line) for line in definitions(progress)))


def describe_plan(progress: Progress) -> str:
    """Returns how many jobs earlier runs stand for, how many are to be run, and about how long that takes."""
    parts = [*told_counts(progress.ended.values()), f"{len(progress.left)} to run"]
    seconds = progress.seconds_left()
    time = "" if seconds is None or not progress.left else f", about {told_duration(seconds)} of computing"
    return f"{', '.join(parts)}{time}"


def state_of(job: PlannedJob, progress: Progress) -> str:
    """Returns whether a job is to be run or what became of it, and the time that takes or took."""
    outcome = progress.ended.get(job.number)
    if outcome is not None:
        time = "" if outcome.total_seconds is None else f", {told_duration(outcome.total_seconds)}"
        return f"{'failed' if outcome.has_failed else 'finished'}{time}"
    seconds = estimate_seconds([job], progress.seconds_by_variant())
    return "to run" if seconds is None else f"to run, ~{told_duration(seconds)}"


def definitions(progress: Progress) -> list[str]:
    """Returns the overrides that make each arm, and those that all arms share."""
    arms: dict[str, str] = {}
    for job in progress.jobs:
        texts = [text for text in own_overrides(job, progress.jobs) if key_of(text) not in job.settings]
        arms.setdefault(job.arm, f"{job.arm}: {' '.join(texts) or 'as all'}")
    everywhere = shared_overrides([job.overrides for job in progress.jobs])
    shared = [text for text in everywhere if key_of(text) != "seed"]
    return [*arms.values(), *([f"all: {' '.join(shared)}"] if shared else [])]
