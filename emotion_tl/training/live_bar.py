"""The bar of whatever goes through images on a terminal, and how often there is a sign of life where none is drawn."""

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

# Seconds between two signs of life where there is no terminal to draw a bar on.
HEARTBEAT_SECONDS = 60.0


def make_bar(console: Console) -> Progress:
    """Returns a bar that vanishes when it ends; its tasks carry a field `speed`."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[speed]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
