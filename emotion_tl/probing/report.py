"""What is told of the probes on the terminal."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from emotion_tl.analysis.best_probe import best_probe
from emotion_tl.analysis.leak_free import told_absence
from emotion_tl.command_config import ProbeConfig
from emotion_tl.evaluation.told import told_level
from emotion_tl.probing.probes import ProbeResult
from emotion_tl.tracking.store import ui_command


def print_probes(result: ProbeResult, config: ProbeConfig) -> None:
    """Prints a row a block, what the probes show, and where the rest of it lies."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(terminal_table(result.table, config.confidence_level))
    for sentence in result.findings:
        console.print(f"- {escape(sentence)}")
    console.print(f"Table and figure: {escape(str(result.output_dir))}")
    console.print(f"In the browser: {escape(ui_command(config.tracking))}")


def terminal_table(table: pd.DataFrame, confidence_level: float) -> Table:
    """Returns the probes as a table for the terminal, narrow enough for 80 columns."""
    title = f"Accuracy of a linear probe on each block, on test, {told_level(confidence_level)} intervals"
    shown = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    shown.add_column("block", overflow="fold", min_width=12)
    main, *others = [(str(name), rows) for name, rows in table.groupby("weights", sort=False)]
    headings = [f"{main[0]}, %", "leak-free", *(name for name, _ in others), *(["gain in points"] if others else [])]
    for heading in headings:
        shown.add_column(heading, justify="right", no_wrap=True)
    best = best_probe(table)["block"]
    for position, row in enumerate(main[1].to_dict("records")):
        name = escape(row["block"])
        cells = [f"[bold]{name}[/]" if row["block"] == best else name, accuracy_cell(row)]
        absent = np.isnan(row["leak_free_accuracy"])
        cells.append(told_absence(int(row["num_leak_free_images"])) if absent else percent(row["leak_free_accuracy"]))
        for _, other in others:
            cells += [percent(other["accuracy"].iloc[position]), gain_cell(row, 1 - confidence_level)]
        shown.add_row(*cells)
    return shown


def accuracy_cell(row: Mapping[Hashable, Any]) -> str:
    """Returns "49.8 (47.6–52.0)"."""
    low, high = percent(row["accuracy_low"]), percent(row["accuracy_high"])
    return f"[bold]{percent(row['accuracy'])}[/] ({low}–{high})"


def gain_cell(row: Mapping[Hashable, Any], level: float) -> str:
    """Returns "+12.9 (+10.9 to +14.9)", dim where no difference is shown."""
    said = f"{100 * row['gain']:+.1f} ({100 * row['gain_low']:+.1f} to {100 * row['gain_high']:+.1f})"
    return said if row["adjusted_p_value"] < level else f"[dim]{said}[/]"


def percent(share: float) -> str:
    """Returns a share in percent without its sign."""
    return f"{100 * share:.1f}"
