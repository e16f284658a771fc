"""What makes two runs the same run: all that can change the result, and nothing else."""

import hashlib
import json
from pathlib import Path
from typing import Any

from emotion_tl.config import ExperimentConfig, to_plain
from emotion_tl.runtime import installed_versions

# Settings that cannot change the result. The data set is known by its fingerprint, wherever it lies.
WITHOUT_EFFECT = {
    "cache_dir": None,
    "tracking": None,
    "sweep": None,
    "data": ("path",),
    "trainer": ("require_gpu", "cache_size_limit"),
}
# Packages whose version is part of a run, beside the backend's.
PACKAGES = ("emotion_tl", "keras")


def run_identity(config: ExperimentConfig, dataset_fingerprint: str) -> str:
    """Returns a hash in hex of what determines a run's result: 32 characters.

    Part of it are all settings but those `WITHOUT_EFFECT`, the data set's fingerprint, the content of a weights file,
    and the versions of this package, Keras and the backend. The device is not: another one rounds differently and
    gives another result only as another seed would.
    """
    settings = settings_with_effect(to_plain(config))
    settings["backbone"]["weights"] = weights_identity(config.backbone.weights)
    versions = installed_versions()
    content = {
        "settings": settings,
        "dataset": dataset_fingerprint,
        "versions": {name: versions.get(name) for name in (*PACKAGES, config.trainer.backend)},
    }
    return hash_content(content)


def settings_with_effect(settings: dict[str, Any]) -> dict[str, Any]:
    """Returns the settings of an experiment, section by section, without those that cannot change its result."""
    return {
        section: {key: value for key, value in content.items() if key not in (WITHOUT_EFFECT.get(section) or ())}
        if isinstance(content, dict)
        else content
        for section, content in settings.items()
        if WITHOUT_EFFECT.get(section, ()) is not None
    }


def weights_identity(weights: str | None) -> str | None:
    """Returns the hash of a weights file, so that it is known wherever it lies; other settings as they are."""
    if weights is None or not Path(weights).expanduser().is_file():
        return weights
    with Path(weights).expanduser().open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_content(content: Any) -> str:
    """Returns a hash in hex of nested dicts, lists and scalars, whatever the order of their keys."""
    return hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=16).hexdigest()
