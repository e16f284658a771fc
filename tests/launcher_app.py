"""A Hydra application whose jobs take moments, to be started with the launchers of conf/hydra/launcher.

python -c "from tests.launcher_app import main; main()" -m hydra/launcher=joblib +number=0,1
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from emotion_tl.cli.remote_launcher import lost_jobs
from emotion_tl.signals import end_on_signals

PATIENCE_SECONDS = 90


def note_span(config: DictConfig) -> int:
    """Writes when and where a job ran, and returns its number; the one called `lost` kills its process instead."""
    if config.number == config.get("lost"):
        os.kill(os.getpid(), signal.SIGKILL)
    span = {"start": time.time(), "cwd": str(Path.cwd()), "status": "finished"}
    # A relative path, as a user gives them.
    file = Path(config.folder) / f"{HydraConfig.get().job.num}.json"
    file.with_suffix(".started").touch()
    try:
        wait_for_others(file.parent, config.get("together", 1))
        time.sleep(config.seconds)
    except KeyboardInterrupt:
        span["status"] = "interrupted"
        raise
    finally:
        file.write_text(json.dumps({**span, "end": time.time()}))
    return int(config.number)


def wait_for_others(folder: Path, number: int) -> None:
    """Waits until so many jobs have started; jobs that are not run at once wait in vain."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(list(folder.glob("*.started"))) < number and time.monotonic() < deadline:
        time.sleep(0.05)


def main() -> None:
    """Runs the jobs and prints which were lost."""
    end_on_signals()
    try:
        hydra.main(version_base="1.3", config_path=None)(note_span)()
    except KeyboardInterrupt:
        sys.exit(130)
    print(json.dumps({lost.number: lost.reason for lost in lost_jobs}))
