"""What a run keeps of the audit of its images."""

from pathlib import Path

from emotion_tl.audit.kept_parts import AUDIT_FILE, KeptParts
from emotion_tl.audit.result import audit_exactly
from emotion_tl.config import ExperimentConfig
from emotion_tl.data.dataset import Dataset


def write_audit_of_run(config: ExperimentConfig, dataset: Dataset, folder: Path) -> None:
    """Writes what is known of the images of a run: the last whole audit of them, or what takes a second to find."""
    kept = KeptParts(Path(config.cache_dir), dataset.fingerprint).read_audit()
    (folder / AUDIT_FILE).write_text(kept or audit_exactly(dataset).to_json(), encoding="utf-8")
