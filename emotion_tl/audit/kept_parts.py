"""What takes long to find in a data set, kept by the data set's fingerprint and read when it is audited again.

<cache_dir>/audits/<fingerprint>/<name>-<key>.parquet    of each image what its pixels are like and the probabilities
                                                         of its classes; similar pairs
                                 audit.json              the last whole audit, which every run on these images logs;
                                                         audit-<key>.json where it is known who is on the images
                                 audit.html              its report
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from emotion_tl.caching.locking import locked
from emotion_tl.caching.unavailable import storage_errors_told
from emotion_tl.data.dataset import Dataset
from emotion_tl.files import replace_file
from emotion_tl.identity import hash_content

FOLDER = "audits"
AUDIT_FILE = "audit.json"
REPORT_FILE = "audit.html"


class KeptParts:
    """The folder of one data set in the cache. Nothing in it is older or newer than the images: they name it.

    Attributes:
        folder: of the data set.
        audit, report: where the last whole audit is, as JSON and for people; those of older versions have no report.
    """

    def __init__(self, cache_dir: Path, dataset: Dataset):
        """Takes the folder of everything that is computed once, and the data set."""
        self.folder = cache_dir.expanduser() / FOLDER / dataset.fingerprint
        # The fingerprint knows pixels, labels and splits, and nothing of people.
        persons = "" if dataset.persons is None else f"-{hash_content(dataset.persons.to_dict())}"
        self.audit = self.folder / f"{Path(AUDIT_FILE).stem}{persons}.json"
        self.report = self.audit.with_suffix(".html")

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
        return self.audit.read_text(encoding="utf-8") if self.audit.is_file() else None

    def keep_audit(self, text: str, report: Path) -> None:
        """Keeps the JSON of a whole audit and its report in place of those before.

        Raises:
            CacheUnavailableError: where the folder cannot be used.
        """
        with locked(self.folder, AUDIT_FILE), storage_errors_told(self.folder):
            replace_file(self.report, lambda partial: shutil.copyfile(report, partial))
            replace_file(self.audit, lambda partial: partial.write_text(text, encoding="utf-8"))
