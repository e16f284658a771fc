"""What a run keeps of the audit of its images."""

import logging
import shutil
from pathlib import Path

from emotion_tl.audit.kept_parts import AUDIT_FILE, REPORT_FILE, KeptParts
from emotion_tl.audit.result import AuditResult, audit_exactly
from emotion_tl.caching.unavailable import CacheUnavailableError
from emotion_tl.config import ExperimentConfig
from emotion_tl.data.dataset import Dataset

logger = logging.getLogger(__name__)

# Of a report that each run logs. That of FER-2013 has 0.9 MB; colour images of 100 to 150 pixels come near it.
MAX_REPORT_BYTES = 10_000_000


def write_audit_of_run(config: ExperimentConfig, dataset: Dataset, folder: Path) -> None:
    """Writes what is known of the images of a run: the last whole audit of them with its report, or what is certain.

    For that every image is read, once for all runs on these images.
    """
    kept = KeptParts(Path(config.cache_dir), dataset)
    whole = kept.read_audit()
    (folder / AUDIT_FILE).write_text(whole or audit_with_cache(dataset, kept).to_json(), encoding="utf-8")
    if whole and kept.report.is_file():
        copy_report(kept.report, folder)


def copy_report(report: Path, folder: Path) -> None:
    """Copies a report into the folder of a run, where it is not too large for each run to log it."""
    num_bytes = report.stat().st_size
    if num_bytes <= MAX_REPORT_BYTES:
        shutil.copyfile(report, folder / REPORT_FILE)
    else:
        logger.info(
            "audit    %s of %.0f MB is not logged with the run: above %.0f MB it stays where it is.",
            report,
            num_bytes / 1e6,
            MAX_REPORT_BYTES / 1e6,
        )


def audit_with_cache(dataset: Dataset, kept: KeptParts) -> AuditResult:
    """Returns what is certain of the images, whether or not it can be kept."""
    try:
        return audit_exactly(dataset, kept)
    except CacheUnavailableError as error:
        logger.warning("%s The audit of the images is not kept.", error)
        return audit_exactly(dataset)
