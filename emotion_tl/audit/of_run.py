"""What a run keeps of the audit of its images."""

import logging
from pathlib import Path

from emotion_tl.audit.kept_parts import AUDIT_FILE, KeptParts
from emotion_tl.audit.result import AuditResult, audit_exactly
from emotion_tl.caching.unavailable import CacheUnavailableError
from emotion_tl.config import ExperimentConfig
from emotion_tl.data.dataset import Dataset

logger = logging.getLogger(__name__)


def write_audit_of_run(config: ExperimentConfig, dataset: Dataset, folder: Path) -> None:
    """Writes what is known of the images of a run: the last whole audit of them, or what is certain.

    For that every image is read, once for all runs on these images.
    """
    kept = KeptParts(Path(config.cache_dir), dataset.fingerprint)
    whole = kept.read_audit()
    (folder / AUDIT_FILE).write_text(whole or audit_with_cache(dataset, kept).to_json(), encoding="utf-8")


def audit_with_cache(dataset: Dataset, kept: KeptParts) -> AuditResult:
    """Returns what is certain of the images, whether or not it can be kept."""
    try:
        return audit_exactly(dataset, kept)
    except CacheUnavailableError as error:
        logger.warning("%s The audit of the images is not kept.", error)
        return audit_exactly(dataset)
