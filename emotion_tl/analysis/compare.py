"""Finished runs compared: from the tracking store to a report."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from emotion_tl.analysis.comparison import Comparison, compare_records
from emotion_tl.analysis.comparison_terminal import print_comparison
from emotion_tl.analysis.findings import find_all
from emotion_tl.analysis.report.report import write_report
from emotion_tl.analysis.tables import write_tables
from emotion_tl.command_config import CompareConfig
from emotion_tl.errors import ModelNotFoundError
from emotion_tl.studies.record import read_study
from emotion_tl.tracking.run_record import RunRecord, read_kept_records, read_records
from emotion_tl.validation import check_compare_config

OUTPUTS = Path("outputs") / "comparisons"


def compare_and_report(config: CompareConfig) -> Comparison:
    """Compares runs, tells what was found on the terminal, and writes the report and its tables.

    Raises:
        ConfigurationError: on a setting that cannot be right.
        ModelNotFoundError: where there are no such runs.
    """
    check_compare_config(config)
    selection = select_study(config, config.study_name) if config.study_name else select_runs(config)
    comparison = compare_records(selection.records, selection.config, selection.title, selection.names)
    comparison = replace(comparison, warnings=(*selection.warnings, *comparison.warnings))
    findings = find_all(comparison)
    folder = Path(config.output_dir).expanduser() if config.output_dir else OUTPUTS / file_name(selection.title)
    write_tables(comparison, findings, folder)
    write_report(comparison, findings, folder / "report.html")
    print_comparison(comparison, findings, folder / "report.html")
    return comparison


@dataclass(frozen=True)
class Selection:
    """The runs that are compared.

    Attributes:
        title: what they are called together.
        records: the runs, the latest first.
        names: run id -> what its model is called; None names the models by their settings.
        config: of the comparison, with the baseline where it comes from the study.
        warnings: of runs that are left out.
    """

    title: str
    records: list[RunRecord]
    names: dict[str, str] | None
    config: CompareConfig
    warnings: tuple[str, ...] = ()


def select_runs(config: CompareConfig) -> Selection:
    """Returns the runs of an experiment, or those that are named."""
    records = read_records(config.tracking, config.experiment_name, config.runs)
    return Selection(config.experiment_name or records[0].tags.get("dataset", "runs"), records, None, config)


def select_study(config: CompareConfig, name: str) -> Selection:
    """Returns the finished runs of a study, each named after its arm; those deleted since are left out."""
    study = read_study(config.tracking, name)
    rows = {row.run_id: row for row in study.finished() if row.run_id is not None}
    records = read_kept_records(config.tracking, list(rows))
    if not records:
        raise ModelNotFoundError(
            f"study_name: expected finished runs in the study {name}. There are none; "
            f"`python -m emotion_tl study study={name}` goes on with it."
        )
    gone = rows.keys() - {record.run_id for record in records}
    warnings = [
        f"{row.variant}, seed {row.seed}, is left out: its run {run_id} was deleted."
        for run_id, row in rows.items()
        if run_id in gone
    ]
    names = {run_id: row.variant for run_id, row in rows.items()}
    config = replace(config, baseline=config.baseline or study.baseline)
    return Selection(study.name, records, names, config, tuple(warnings))


def file_name(title: str) -> str:
    """Returns a title as the name of a folder."""
    return re.sub(r"[^\w.-]+", "_", title)
