"""What a measurement depends on beside the code: processor, memory, versions. Nothing that names the machine."""

import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path

from benchmarks.processes import REPOSITORY

PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy")


def describe_machine() -> dict[str, str | int]:
    """Returns the facts by which results of one machine are told from another's."""
    return {
        "num_cores": num_cores(),
        "processor": processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "gpu": gpu() or "none",
        "system": platform.system(),
        "python": platform.python_version(),
        **installed_versions(),
    }


def num_cores() -> int:
    """Returns the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """Returns the model name of the processor."""
    cpuinfo = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(), re.MULTILINE) if cpuinfo.is_file() else None
    return found[1] if found else platform.processor() or platform.machine()


def gpu() -> str | None:
    """Returns the names of the NVIDIA GPUs, or None where there are none."""
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        names = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return ", ".join(names.split("\n")).strip(", ") or None


def installed_versions() -> dict[str, str]:
    """Returns the versions of those packages that can change a timing and are installed."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def git_commit() -> str:
    """Returns the commit that is measured, with "+changes" where files differ from it; "unknown" without git."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(REPOSITORY), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", "emotion_tl", "conf")
        return git("rev-parse", "--short", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"
