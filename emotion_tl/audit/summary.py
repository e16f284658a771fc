"""What an audit found, told on the terminal: the worst first, what to do about it, and where the report is."""

from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from emotion_tl.audit.findings import BAD, list_findings, nothing_found
from emotion_tl.audit.kept_parts import REPORT_FILE
from emotion_tl.audit.result import AuditResult
from emotion_tl.command_config import AuditConfig

MARKS = {BAD: "[bold red]✗[/]", "warning": "[yellow]![/]"}


def print_summary(result: AuditResult, config: AuditConfig) -> None:
    """Prints the counts, what was found with what to do, what `data.dedup` would leave out, and where the report is."""
    console = Console(highlight=False)
    console.print(counts_table(result))
    findings = list_findings(result)
    for finding in findings:
        grid = Table.grid(padding=(0, 1))
        grid.add_row(MARKS[finding.level], f"{escape(finding.text)}\n[dim]{escape(finding.remedy)}[/]")
        console.print(grid)
    if not findings:
        console.print(f"[green]✓[/] {escape(nothing_found(result))}")
    for note in result.notes:
        console.print(Padding(Text(f"Note: {note}", style="yellow"), (0, 0)))
    if any(remedy.num_left_out for remedy in result.remedies):
        console.print(remedies_table(result))
    folder = Path(config.output_dir).expanduser()
    console.print(f"Report: {escape(str(folder / REPORT_FILE))}", soft_wrap=True)
    console.print(f"Tables: {escape(str(folder))}/*.csv. They and the report name or show the images.", soft_wrap=True)


def counts_table(result: AuditResult) -> Table:
    """Returns the number of images of each class in each split."""
    table = Table(title=f"{escape(result.dataset.name)}: images", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("class", overflow="fold")
    for split in result.counts.columns:
        table.add_column(str(split), justify="right", no_wrap=True)
    table.add_column("share of train", justify="right", no_wrap=True)
    shares = result.counts["train"] / result.counts["train"].sum()
    for name, row in result.counts.iterrows():
        table.add_row(escape(str(name)), *(f"{count:,}" for count in row), f"{shares[str(name)]:.1%}")
    table.add_section()
    table.add_row("all", *(f"{count:,}" for count in result.counts.sum()), "")
    return table


def remedies_table(result: AuditResult) -> Table:
    """Returns what each choice of `data.dedup` leaves out of which split."""
    table = Table(title="What it leaves out", title_justify="left", box=SIMPLE_HEAD)
    for heading in ("setting", "of train", "of val", "of test"):
        table.add_column(heading, justify="left" if heading == "setting" else "right", no_wrap=True)
    for remedy in result.remedies:
        name = f"data.dedup={remedy.dedup}"
        if remedy.obstacle is None:
            table.add_row(name, *(f"{count:,}" for count in remedy.left_out.sum()))
        else:
            table.add_row(name, "cannot be made with these data", "", "")
    return table
