"""A comparison on the terminal: a table of the models, and what their differences are worth, in sentences."""

import re
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from emotion_tl.analysis.answers import answer_questions, verdict_sentences
from emotion_tl.analysis.comparison import Comparison, ModelResult
from emotion_tl.analysis.family import BETTER, NOT_SHOWN, WORSE
from emotion_tl.analysis.findings import Findings
from emotion_tl.analysis.leak_free import leak_free_caveat, num_leak_free, told_absence
from emotion_tl.analysis.stages import stage_of
from emotion_tl.analysis.told import told_spread
from emotion_tl.analysis.training_time import slowest_seconds
from emotion_tl.evaluation.told import told_level
from emotion_tl.tracking.runs import FALLBACK_WEIGHTS
from emotion_tl.tracking.store import ui_command

# Of the models' names at least, and what the other columns take beside them.
NAME_WIDTH, OTHERS_WIDTH = 24, 56
MARKS = {BETTER: f"[green]{BETTER}[/]", WORSE: f"[red]{WORSE}[/]", NOT_SHOWN: NOT_SHOWN}


def print_comparison(comparison: Comparison, findings: Findings, report: Path) -> None:
    """Prints the table, what keeps a reader from a wrong conclusion, the verdicts and the answers.

    Args:
        report: path of the whole report.
    """
    console = Console(highlight=False, soft_wrap=True)
    console.print(terminal_table(comparison, max(NAME_WIDTH, console.width - OTHERS_WIDTH)))
    caveat = leak_free_caveat([model.test for model in comparison.models])
    for warning in [*([caveat] if caveat else []), *comparison.warnings]:
        console.print(f"[yellow]![/] {escape(warning)}")
    for sentence in verdict_sentences(comparison):
        console.print(f"- {escape(sentence)}")
    for question, sentences in answer_questions(comparison, findings).items():
        if sentences:
            console.print(f"\n[bold]{escape(question)}[/]")
        for sentence in sentences:
            console.print(f"- {escape(sentence)}")
    console.print(f"\nReport: {escape(str(report))}")
    console.print(f"All runs in the browser: {escape(ui_command(comparison.config.tracking))}")


def terminal_table(comparison: Comparison, name_width: int = NAME_WIDTH) -> Table:
    """Returns the models as a table for the terminal, in its narrowest form for 80 columns."""
    level = comparison.config.confidence_level
    table = Table(
        title=f"On the test images, in %, {told_level(level)} intervals", title_justify="left", box=SIMPLE_HEAD
    )
    table.add_column("model", overflow="fold", min_width=NAME_WIDTH)
    table.add_column("accuracy", justify="right", no_wrap=True)
    # As wide as its heading: why there is no figure may take both lines of a model.
    table.add_column("leak-free", justify="right", max_width=9)
    for heading in ("macro-F1", "minutes\nat most"):
        table.add_column(heading, justify="right", no_wrap=True)
    for result in comparison.results:
        summary, leak_free = result.summary, result.leak_free_summary
        table.add_row(
            f"{escape(broken(result.name, name_width))}\n{described(result, comparison.is_baseline(result.name))}",
            told_spread(summary.accuracy),
            f"{100 * leak_free.accuracy.mean:.1f}" if leak_free else told_absence(num_leak_free(result.model.test)),
            f"{100 * summary.macro_f1.mean:.1f}",
            f"{slowest_seconds(result.model) / 60:.1f}",
        )
    return table


def broken(name: str, width: int) -> str:
    """Returns a name in lines of a width, broken where one of its parts ends as far as they are short enough."""
    lines = [""]
    for part in re.findall(r"[^-_, ]*[-_, ]+|[^-_, ]+$", name):
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)


def described(result: ModelResult, is_baseline: bool) -> str:
    """Returns the second line of a model: seeds, weights, and what it is to the baseline."""
    is_fallback = result.model.tags.get("weights") == FALLBACK_WEIGHTS
    origin = "RANDOM weights" if is_fallback else "pretrained" if result.model.is_pretrained else stage_of(result.model)
    color = "red" if is_fallback else "dim"
    count = len(result.model.runs)
    seeds = "1 seed" if count == 1 else f"{count} seeds"
    place = "[bold]baseline[/]" if is_baseline else MARKS[result.corrected.verdict] if result.corrected else ""
    return f"[{color}]{escape(origin)}, {seeds}[/]{', ' if place else ''}{place}"
