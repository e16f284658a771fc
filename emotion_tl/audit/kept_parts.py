"""What takes long to find in a data set, kept by the data set's fingerprint and read when it is audited again.

<cache_dir>/audits/<fingerprint>/<name>-<key>.parquet    of each image what its pixels are like and the probabilities
                                                         of its classes; similar pairs
                                 audit.json              the last whole audit, which every run on these images logs
                                 audit.html              its report
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from emotion_tl.caching.locking import locked
from emotion_tl.caching.unavailable import storage_errors_told
from emotion_tl.files import replace_file
from emotion_tl.identity import hash_content

FOLDER = "audits"
AUDIT_FILE = "audit.json"
REPORT_FILE = "audit.html"


class KeptParts:
    """The folder of one data set in the cache. Nothing in it is older or newer than the images: they name it."""

    def __init__(self, cache_dir: Path, fingerprint: str):
        """Takes the folder of everything that is computed once."""
        self.folder = cache_dir.expanduser() / FOLDER / fingerprint

    def get_or_compute(self, name: str, settings: dict[str, Any], compute: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Returns a table as it was kept with these settings, or computes and keeps it.

        Raises:
            CacheUnavailableError: where the folder cannot be used.
        """
        path = self.folder / f"{name}-{hash_content(settings)}.parquet"
        # Another process that audits the same images is waited for.
        with locked(self.folder, path.stem):
            if not path.is_file():
                table = compute()
                with storage_errors_told(self.folder):
                    replace_file(path, lambda partial: table.to_parquet(partial))
            with storage_errors_told(self.folder):
                return pd.read_parquet(path)

    def read_audit(self) -> str | None:
        """Returns the JSON of the last whole audit of these images; None where there was none."""
        path = self.folder / AUDIT_FILE
        return path.read_text(encoding="utf-8") if path.is_file() else None

    @property
    def report(self) -> Path:
        """Returns where the report of the last whole audit is; an audit from before they were kept has none."""
        return self.folder / REPORT_FILE

    def keep_audit(self, text: str, report: Path) -> None:
        """Keeps the JSON of a whole audit and its report in place of those before.

        Raises:
            CacheUnavailableError: where the folder cannot be used.
        """
        with locked(self.folder, AUDIT_FILE), storage_errors_told(self.folder):
            replace_file(self.report, lambda partial: shutil.copyfile(report, partial))
            replace_file(self.folder / AUDIT_FILE, lambda partial: partial.write_text(text, encoding="utf-8"))
