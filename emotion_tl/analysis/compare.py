"""Finished runs compared: from the tracking store to a report."""

import re
from pathlib import Path

from emotion_tl.analysis.comparison import Comparison, compare_records
from emotion_tl.analysis.comparison_terminal import print_comparison
from emotion_tl.analysis.findings import find_all
from emotion_tl.analysis.report.report import write_report
from emotion_tl.analysis.tables import write_tables
from emotion_tl.command_config import CompareConfig
from emotion_tl.tracking.run_record import read_records

OUTPUTS = Path("outputs") / "comparisons"


def compare_and_report(config: CompareConfig) -> Comparison:
    """Compares runs, tells what was found on the terminal, and writes the report and its tables.

    Raises:
        ModelNotFoundError: where there are no such runs.
    """
    records = read_records(config.tracking, config.experiment_name, config.runs)
    title = config.experiment_name or records[0].tags.get("dataset", "runs")
    comparison = compare_records(records, config, title)
    findings = find_all(comparison)
    folder = Path(config.output_dir).expanduser() if config.output_dir else OUTPUTS / file_name(title)
    write_tables(comparison, findings, folder)
    write_report(comparison, findings, folder / "report.html")
    print_comparison(comparison, findings, folder / "report.html")
    return comparison


def file_name(title: str) -> str:
    """Returns a title as the name of a folder."""
    return re.sub(r"[^\w.-]+", "_", title)
