"""The audit of one data set: the whole story on one screen."""

from dataclasses import replace
from pathlib import Path

from emotion_tl.audit.judging import judge_images
from emotion_tl.audit.kept_parts import AUDIT_FILE, REPORT_FILE, KeptParts
from emotion_tl.audit.near_duplicates import NearDuplicates, describe_near_duplicates, find_similar_pairs
from emotion_tl.audit.remedies import try_remedies
from emotion_tl.audit.report import write_report
from emotion_tl.audit.result import AuditResult, audit_exactly
from emotion_tl.audit.source_files import read_source_files
from emotion_tl.audit.tables import write_tables
from emotion_tl.command_config import AuditConfig
from emotion_tl.data.dataset import load_dataset
from emotion_tl.files import replace_file
from emotion_tl.validation import check_audit_config


def audit_dataset(config: AuditConfig) -> AuditResult:
    """Looks for all that is known to go wrong with a set of faces, and writes the report.

    What takes long is kept in the cache by the fingerprint of the data set: the same images are not gone through twice.

    Raises:
        EmotionTLError: one of its kinds, for everything the user can mend; the message says how.
    """
    check_audit_config(config)
    cache_dir = Path(config.cache_dir).expanduser()
    dataset = load_dataset(config.data, cache_dir)
    kept = KeptParts(cache_dir, dataset)
    result = replace(
        audit_exactly(dataset, kept),
        source_files=read_source_files(config.data),
        remedies=try_remedies(config.data, cache_dir),
    )
    if config.near_duplicates:
        near = look_for_near_duplicates(result, kept, config.near_duplicate_correlation)
        result = replace(result, near_duplicates=near)
    if config.label_issues:
        issues, note = judge_images(result, kept, config)
        result = replace(result, label_issues=issues, notes=(note,) if note else ())
    report = write_audit(result, config)
    if config.near_duplicates and config.label_issues:
        # A part of it must not take the place of the whole one.
        kept.keep_audit(result.to_json(), report)
    return result


def look_for_near_duplicates(result: AuditResult, kept: KeptParts, correlation: float) -> NearDuplicates:
    """Returns the near duplicates of a data set; the images are compared where that was not done before."""
    images = result.images
    pairs = kept.get_or_compute(
        "similar_pairs", {"correlation": correlation}, lambda: find_similar_pairs(images, correlation)
    )
    return describe_near_duplicates(images.table, pairs, correlation)


def write_audit(result: AuditResult, config: AuditConfig) -> Path:
    """Writes the report, the figures as JSON and the images found as tables; returns the path of the report."""
    folder = Path(config.output_dir).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / AUDIT_FILE, lambda partial: partial.write_text(result.to_json(), encoding="utf-8"))
    write_tables(result, folder)
    write_report(result, config, folder / REPORT_FILE)
    return folder / REPORT_FILE
