"""What makes two runs the same run: all that can change the result, and nothing else."""

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from emotion_tl.config import ExperimentConfig, to_plain
from emotion_tl.files import sha256_of
from emotion_tl.runtime import installed_versions

# Settings that cannot change the result. The data set is known by its fingerprint, wherever it lies and whatever rule
# has put its images into the splits.
WITHOUT_EFFECT = {
    "cache_dir": None,
    "tracking": None,
    "sweep": None,
    "data": ("path", "person_pattern"),
    "trainer": ("require_gpu", "cache_size_limit"),
}
# Settings that came after runs had been made, oldest first, with the values that mean what was done before. With these
# values a run is also known by the identity that it had without them; no identity that was given changes. A setting
# that is added to the configuration is to be added here, or every run made so far is run again.
LATER_SETTINGS: tuple[dict[str, dict[str, Any]], ...] = ({"data": {"dedup": "none", "train_fraction": 1.0}},)
# The section of the images.
DATA = "data"
# Packages whose version is part of a run, beside the backend's.
PACKAGES = ("emotion_tl", "keras")


def known_identities(config: ExperimentConfig, dataset_fingerprint: str) -> list[str]:
    """Returns the identity of a run, and those that versions without `LATER_SETTINGS` have given to the same run.

    An identity is a hash in hex of what determines a run's result: 32 characters.
    """
    content = determining_content(to_plain(config), dataset_fingerprint)
    return [hash_content(content | {"settings": known}) for known in with_and_without_later(content["settings"])]


def determining_content(settings: dict[str, Any], dataset_fingerprint: str) -> dict[str, Any]:
    """Returns what determines the result of an experiment, as nested dicts.

    Part of it are all settings but those `WITHOUT_EFFECT`, the data set's fingerprint, the content of a weights file,
    and the versions of this package, Keras and the backend. The device is not: another one rounds differently and
    gives another result only as another seed would.

    Args:
        settings: of the experiment, section by section.
    """
    effective = settings_with_effect(settings)
    effective["backbone"]["weights"] = weights_identity(settings["backbone"]["weights"])
    versions = installed_versions()
    return {
        "settings": effective,
        "dataset": dataset_fingerprint,
        "versions": {name: versions.get(name) for name in (*PACKAGES, settings["trainer"]["backend"])},
    }


def with_and_without_later(settings: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields the settings, and without those that came later, as long as these are as before."""
    yield settings
    for later in reversed(LATER_SETTINGS):
        if any(settings[section][key] != value for section, keys in later.items() for key, value in keys.items()):
            return
        settings = settings | {
            section: {key: value for key, value in settings[section].items() if key not in keys}
            for section, keys in later.items()
        }
        yield settings


def has_effect(key: str) -> bool:
    """Returns whether a setting or group, given by its dotted key, can change the result of an experiment."""
    section, _, setting = key.replace("/", ".").partition(".")
    without = WITHOUT_EFFECT.get(section, ())
    return without is not None and setting not in without


def may_have_effect(key: str) -> bool:
    """Returns whether a setting or group can change the result, as far as is known before the images are read.

    All settings of the data can: the place of the images is all that tells two data sets of one name apart. The sweep
    of a data set that was moved is a new one, and finds all its runs, which are known by the images themselves.
    """
    return has_effect(key) or key.replace("/", ".").partition(".")[0] == DATA


def settings_with_effect(settings: dict[str, Any], has_effect: Callable[[str], bool] = has_effect) -> dict[str, Any]:
    """Returns the settings of an experiment, section by section, without those that cannot change its result.

    Those of an older version are completed by `LATER_SETTINGS`. An order of the phases that is not the usual one is a
    setting of its own.

    Args:
        settings: of the experiment, section by section.
        has_effect: returns whether a setting or group can change the result.
    """
    for later in LATER_SETTINGS:
        settings = settings | {section: keys | settings[section] for section, keys in later.items()}
    settings = settings | {"schedule": with_phase_order(settings["schedule"])}
    return {
        section: {key: value for key, value in content.items() if has_effect(f"{section}.{key}")}
        if isinstance(content, dict)
        else content
        for section, content in settings.items()
        if has_effect(section)
    }


def with_phase_order(schedule: dict[str, Any]) -> dict[str, Any]:
    """Returns a schedule with the order of its phases as a setting, `phase_order`, where it is not the usual one.

    A hash does not see the order of keys. In the usual order each phase trains more blocks than the one before it, and
    phases that train as many follow by name. Schedules in that order keep the identities that runs of them have had.
    """
    phases = schedule["phases"]

    def usual_place(name: str) -> tuple[float, str]:
        num_blocks = phases[name]["trainable_blocks"]
        return math.inf if num_blocks is None else num_blocks, name

    if list(phases) == sorted(phases, key=usual_place):
        return schedule
    return schedule | {"phase_order": " then ".join(phases)}


def weights_identity(weights: str | None) -> str | None:
    """Returns the hash of a weights file, so that it is known wherever it lies; other settings as they are."""
    if weights is None or not Path(weights).expanduser().is_file():
        return weights
    return sha256_of(Path(weights).expanduser())


def hash_content(content: Any) -> str:
    """Returns a hash in hex of nested dicts, lists and scalars, whatever the order of their keys."""
    return hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=16).hexdigest()


def flatten(nested: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Returns nested dicts as one, by dotted keys; lists stay as they are."""
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def describe_differences(kept: dict[str, Any], now: dict[str, Any]) -> str | None:
    """Returns which settings that were kept are not those of now, in words; None where all are.

    Args:
        kept, now: settings by their dotted keys.
    """
    keys = [key for key in {**kept, **now} if kept.get(key) != now.get(key)]
    told = [f"{key}={kept.get(key)}, received {now.get(key)}" for key in keys[:3]]
    more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    return f"expected {'; '.join(told)}{more}" if keys else None
