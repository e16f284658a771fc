"""The report of an audit: one HTML file with the findings, the figures and the images behind them."""

from datetime import datetime
from pathlib import Path
from typing import Any

from emotion_tl.audit.findings import list_findings, nothing_found
from emotion_tl.audit.report_copies import exact_copies_section, near_duplicates_section
from emotion_tl.audit.report_images import brightness_section, classes_section, contact_sheets_section
from emotion_tl.audit.report_labels import label_issues_section
from emotion_tl.audit.report_rows import to_rows
from emotion_tl.audit.result import AuditResult
from emotion_tl.audit.thumbnails import THUMBNAIL_SIZE
from emotion_tl.command_config import AuditConfig
from emotion_tl.html_report.blocks import (
    Block,
    BulletList,
    Column,
    DataTable,
    KeyFigure,
    KeyFigures,
    Notice,
    Paragraph,
    Section,
)
from emotion_tl.html_report.page import write_page

# Of rejected files: the table beside the report holds all of them.
MAX_FILES_SHOWN = 50


def write_report(result: AuditResult, config: AuditConfig, path: Path) -> None:
    """Writes the report; its folder is made where it is missing."""
    sections = [
        findings_section(result),
        classes_section(result),
        files_section(result),
        exact_copies_section(result, config.num_gallery_images),
        near_duplicates_section(result, config.num_gallery_images),
        label_issues_section(result, config.num_gallery_images),
        brightness_section(result),
        contact_sheets_section(result, config.num_gallery_images, config.seed),
        method_section(result),
    ]
    written = f"{datetime.now():%Y-%m-%d %H:%M}"
    subtitle = f"{len(result.images):,} images of {result.dataset.num_classes} classes; {written}"
    write_page(path, f"Audit of {result.dataset.name}", subtitle, sections)


def findings_section(result: AuditResult) -> Section:
    """Returns what was found and what to do about it."""
    findings = list_findings(result)
    blocks: list[Block] = [KeyFigures(key_figures(result))]
    blocks += [Notice(f"{finding.text} {finding.remedy}", finding.level) for finding in findings]
    blocks += [Notice(note) for note in result.notes]
    if not findings:
        blocks.append(Notice(nothing_found(result), "good"))
    if result.remedies:
        blocks.append(remedies_table(result))
    return Section("Findings", blocks)


def key_figures(result: AuditResult) -> list[KeyFigure]:
    """Returns the numbers that are read at a glance."""
    copies, num_leaked = result.exact_copies, result.num_seen_before("test")
    share_leaked = num_leaked / result.counts["test"].sum()
    figures = [
        KeyFigure(f"{len(result.images):,}", "images", f"{copies.num_unique_images:,} different"),
        KeyFigure(f"{num_leaked:,}", "test images seen before", f"{share_leaked:.1%} of test"),
        KeyFigure(f"{copies.num_conflicting_groups:,}", "groups of copies with different labels"),
    ]
    if result.near_duplicates is not None:
        near = result.near_duplicates
        number = f"{'> ' if near.is_cut_off else ''}{len(near.pairs):,}"
        remark = f"{near.num_conflicting_pairs:,} with different labels"
        figures.append(KeyFigure(number, "near-duplicate pairs", remark))
    if result.label_issues is not None:
        issues = result.label_issues
        remark = f"by a classifier of {issues.accuracy:.0%} accuracy"
        figures.append(KeyFigure(f"{len(issues.candidates):,}", "labels doubted", remark))
    useless = len(result.constant_images)
    return [*figures, KeyFigure(f"{useless:,}", "constant images", f"{len(result.dataset.rejected):,} broken files")]


def remedies_table(result: AuditResult) -> DataTable:
    """Returns what each choice of `data.dedup` leaves out, reason by reason."""
    rows = [
        {"dedup": f"data.dedup={remedy.dedup}"} | row
        for remedy in result.remedies
        for row in to_rows(remedy.left_out, "reason")
    ]
    rows += [
        {"dedup": f"data.dedup={remedy.dedup}", "reason": remedy.obstacle, "train": 0, "val": 0, "test": 0}
        for remedy in result.remedies
        if remedy.obstacle
    ]
    columns = [Column("setting", lambda row: row["dedup"]), Column("leaves out, because", lambda row: row["reason"])]
    columns += [count_column(f"of {split}", split) for split in result.counts.columns]
    return DataTable(rows, columns, "What can be done: images that a setting leaves out")


def count_column(heading: str, key: str) -> Column:
    """Returns a column of whole numbers."""
    return Column(heading, lambda row: f"{row[key]:,}", lambda row: row[key])


def files_section(result: AuditResult) -> Section:
    """Returns what the files are like, and those that are broken."""
    blocks: list[Block] = []
    if result.source_files is not None:
        summary = result.source_files.summary()
        blocks.append(Paragraph(summary["note"]) if "note" in summary else BulletList(describe_files(result, summary)))
    rejected = to_rows(result.dataset.rejected.head(MAX_FILES_SHOWN))
    if rejected:
        columns = [Column("file", lambda row: row["image"]), Column("reason", lambda row: row["reason"])]
        shown = f", the first {MAX_FILES_SHOWN}" if len(result.dataset.rejected) > MAX_FILES_SHOWN else ""
        blocks.append(
            DataTable(rejected, columns, f"Files that cannot be used: {len(result.dataset.rejected):,}{shown}")
        )
    return Section("Files", blocks)


def describe_files(result: AuditResult, summary: dict[str, Any]) -> list[str]:
    """Returns in sentences what the headers of the files say."""
    counted = {
        key: ", ".join(f"{name} ({count:,})" for name, count in summary[key].items())
        for key in ("most_frequent_sizes", "modes", "formats")
    }
    num_told = len(summary["most_frequent_sizes"])
    more = (
        f"; {summary['num_sizes'] - num_told:,} further sizes, with sides from {summary['smallest_side']:,} to "
        f"{summary['largest_side']:,}"
        if summary["num_sizes"] > num_told
        else ""
    )
    lines = [
        f"Width x height in pixels: {counted['most_frequent_sizes']}{more}.",
        f"Modes: {counted['modes']}. Formats: {counted['formats']}.",
        f"All are stored at {result.dataset.image_shape[0]} x {result.dataset.image_shape[0]} pixels.",
    ]
    if summary["num_not_square"]:
        lines.append(
            f"Not square, so that what lies outside the central square is cut off: {summary['num_not_square']:,}."
        )
    if summary["num_enlarged"]:
        lines.append(f"Smaller and enlarged: {summary['num_enlarged']:,}. A smaller data.image_size says as much.")
    return lines


def method_section(result: AuditResult) -> Section:
    """Returns how it was found, so that it can be found again."""
    lines = [
        "Exact copies: images whose stored pixels are equal, after decoding; names and formats do not matter.",
        "Constant images: all pixels are equal.",
    ]
    if result.near_duplicates is not None:
        lines.append(
            f"Near duplicates: images whose thumbnails ({THUMBNAIL_SIZE} pixels, grey, brightness and contrast "
            f"removed) correlate at {result.near_duplicates.correlation:g} or more, straight or mirrored. Each image "
            "is compared with every other one."
        )
    if result.label_issues is not None:
        lines.append(
            "Doubted labels: confident learning (Northcutt, Jiang, Chuang 2021, arXiv:1911.00068, by cleanlab) on the "
            f"probabilities of a logistic regression, {result.label_issues.num_folds}-fold cross-validated, copies and "
            f"near duplicates kept together; it saw {result.label_issues.features}."
        )
    lines.append(f"Fingerprint of the data set: {result.dataset.fingerprint}")
    return Section("How it was found", [BulletList(lines)])
