"""Which GPU each worker of a search computes on: a process takes the first it sees, and all would take the same."""

import os
import subprocess
from collections.abc import Sequence

VISIBLE = "CUDA_VISIBLE_DEVICES"


def share_gpus(num_workers: int, gpus: Sequence[str]) -> list[str | None]:
    """Returns what `CUDA_VISIBLE_DEVICES` is for each worker; None leaves it as it is.

    Args:
        num_workers: which take turns.
        gpus: as CUDA names them; one, or none, has nothing to share.
    """
    return [gpus[number % len(gpus)] if len(gpus) > 1 else None for number in range(num_workers)]


def visible_gpus() -> list[str]:
    """Returns the GPUs of NVIDIA's that this process may use, as CUDA names them."""
    allowed = os.environ.get(VISIBLE)
    if allowed is not None:
        return [name.strip() for name in allowed.split(",") if name.strip()]
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        # There is no driver.
        return []
    # The parts that a GPU may be cut into stand below it, indented.
    return [str(index) for index in range(sum(line.startswith("GPU ") for line in listed.splitlines()))]


def use_gpu(name: str | None) -> None:
    """Keeps this process, and those it starts, to one GPU; before a backend has looked for them."""
    if name is not None:
        os.environ[VISIBLE] = name
