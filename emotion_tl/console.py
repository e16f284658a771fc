"""What is told on the terminal, and the log of a run."""

import logging
from pathlib import Path

from rich.console import Console
from rich.logging import RichHandler
from rich.text import Text

console = Console(stderr=True, highlight=False, soft_wrap=True)


class EachOnce(logging.Filter):
    """Lets each message through once."""

    def __init__(self) -> None:
        """Has seen none yet."""
        super().__init__()
        self.seen: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Returns whether a message is new."""
        is_new = record.getMessage() not in self.seen
        self.seen.add(record.getMessage())
        return is_new


def configure_logging(output_dir: Path | None, each_once: bool = False) -> None:
    """Sends the package's log to the terminal and, where a run has a folder, to its run.log.

    Args:
        output_dir: the folder; None where there is none.
        each_once: tell each message once on the terminal, for a command that looks at the same images several times.
    """
    logger = logging.getLogger("emotion_tl")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    terminal = RichHandler(console=console, show_path=False, show_time=False, omit_repeated_times=False)
    if each_once:
        terminal.addFilter(EachOnce())
    logger.addHandler(terminal)
    if output_dir is not None:
        output_dir.mkdir(parents=True, exist_ok=True)
        file = logging.FileHandler(output_dir / "run.log", encoding="utf-8")
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        logger.addHandler(file)


def print_error(message: str) -> None:
    """Tells of a mistake on standard error."""
    console.print(Text.assemble(("error:", "bold red"), " ", message))


def print_heading(title: str, text: str) -> None:
    """Separates the jobs of a sweep."""
    console.rule(Text(title), align="left")
    console.print(Text(text))


def shown(path: Path) -> Path:
    """Returns a path as it is typed: below the working directory, without that."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
