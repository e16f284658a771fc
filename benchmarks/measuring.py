"""Takes the sides of a comparison in turns and keeps each measurement on disk as soon as it is made."""

import json
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine, git_commit

Measures = dict[str, Any]
"""What one run of one side gave; numbers, lists of numbers, or further such dictionaries."""
Summary = list[dict[str, Any]]
"""Rows of a table, see `benchmarks.summaries`."""
Summarise = Callable[[list[Measures], dict[str, Any]], Summary]
"""Turns the runs of a benchmark and its settings into the rows of its table."""

NUM_DIGITS = 6


class ResultFile:
    """The measurements of a benchmark, in a JSON file that an interruption leaves whole.

    Attributes:
        runs: a dictionary a run: side, repeat, when, at which commit, at which load of the machine, what was measured.
    """

    def __init__(self, path: Path, benchmark: str, settings: dict[str, Any], summarise: Summarise):
        """Goes on with what the file holds, where it was measured with the same settings on the same machine.

        Raises:
            SystemExit: where it holds something else; nothing is overwritten.
        """
        self.path = path
        self.summarise = summarise
        self.settings = settings
        self.about = {"benchmark": benchmark, "settings": settings, "machine": describe_machine()}
        self.runs: list[Measures] = []
        if path.is_file():
            self.runs = self.read_runs()

    def read_runs(self) -> list[Measures]:
        """Returns the runs of the file."""
        kept = json.loads(self.path.read_text())
        differing = [name for name, value in self.about.items() if kept.get(name) != value]
        if differing:
            raise SystemExit(
                f"{self.path} holds results of another {' and '.join(differing)}:\n"
                + "\n".join(f"  there {kept.get(name)}\n  now   {self.about[name]}" for name in differing)
                + "\nName another file with --output, or move this one away."
            )
        return kept["runs"]

    def has(self, side: str, repeat: int) -> bool:
        """Returns whether a run was measured already."""
        return any((run["side"], run["repeat"]) == (side, repeat) for run in self.runs)

    def add(self, side: str, repeat: int, load_average: float, measures: Measures) -> None:
        """Adds a run and writes the file."""
        run = {
            "side": side,
            "repeat": repeat,
            "date": datetime.now(UTC).date().isoformat(),
            "commit": git_commit(),
            "load_average_before": load_average,
            **rounded(measures),
        }
        self.runs.append(run)
        self.write()

    def write(self) -> None:
        """Writes the file anew, with the summary of the runs so far."""
        content = {
            **self.about,
            "summary": rounded(self.summarise(self.runs, self.settings)),
            "runs": self.runs,
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(content, indent=1) + "\n")
        partial.replace(self.path)


def measure_in_turns(results: ResultFile, sides: Mapping[str, Callable[[], Measures]], repeats: int) -> None:
    """Measures each side once, then each a second time, and so on; what the file already holds is not repeated."""
    for repeat in range(repeats):
        for side, measure in sides.items():
            title = f"{side}, run {repeat + 1} of {repeats}"
            if results.has(side, repeat):
                print(f"{title}: measured before", flush=True)
                continue
            load_average = os.getloadavg()[0]
            started = time.perf_counter()
            measures = measure()
            results.add(side, repeat, load_average, measures)
            print(f"{title}: {time.perf_counter() - started:.1f} s  {told(measures)}", flush=True)
    results.write()


def told(measures: Measures) -> str:
    """Returns the single numbers of a run on one line, those of its parts in parentheses."""
    parts = []
    for name, value in measures.items():
        if isinstance(value, dict) and name != "versions":
            parts.append(f"{name} ({told(value)})")
        elif isinstance(value, int | float):
            parts.append(f"{name} {value:.4g}")
    return ", ".join(parts)


def rounded(value: Any) -> Any:
    """Returns the same with all floats cut to the digits that mean something."""
    if isinstance(value, float):
        return float(f"{value:.{NUM_DIGITS}g}")
    if isinstance(value, dict):
        return {name: rounded(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [rounded(entry) for entry in value]
    return value
