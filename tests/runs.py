"""Small experiments that tests run for real."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hydra import compose, initialize_config_dir
from PIL import Image

from emotion_tl.config import ExperimentConfig, to_typed

REPOSITORY = Path(__file__).parent.parent
# A checkout as it was cloned: conf/local, which a user has written, would change what is tested.
CLONED = TemporaryDirectory(prefix="emotion_tl_")
CHECKOUT = Path(CLONED.name)
for name in ("emotion_tl", "hydra_plugins", "conf"):
    shutil.copytree(REPOSITORY / name, CHECKOUT / name, ignore=shutil.ignore_patterns("local"))
shutil.copy(REPOSITORY / "pyproject.toml", CHECKOUT)
CONF = CHECKOUT / "conf"
CLASSES = ("angry", "happy", "sad")


def write_faces(root: Path, num_images: int = 40) -> Path:
    """Writes root/<class>/<number>.png: noise with a bright bar whose height tells the class."""
    generator = np.random.default_rng(0)
    for label, name in enumerate(CLASSES):
        (root / name).mkdir(parents=True)
        for number in range(num_images):
            pixels = generator.integers(0, 120, (24, 24), dtype=np.uint8)
            pixels[4 + 7 * label : 8 + 7 * label] += 120
            Image.fromarray(pixels).save(root / name / f"{number:03d}.png")
    return root


BASELINE = ["backbone=baseline_cnn", "backbone.image_size=24", "backbone.output_block=block2_pool"]
TWO_EPOCHS = ["schedule.phases.from_scratch.epochs=2"]


def tiny_overrides(faces: Path, folder: Path) -> list[str]:
    """Returns the settings of an experiment that takes seconds."""
    return [
        "data=image_folder",
        f"data.path={faces}",
        "data.name=bars",
        "data.image_size=24",
        "data.val_fraction=0.2",
        "data.test_fraction=0.2",
        "augmentation=none",
        "trainer.batch_size=16",
        "evaluation.num_bootstrap_resamples=50",
        f"cache_dir={folder / 'cache'}",
        f"tracking.uri=sqlite:///{folder / 'mlflow.db'}",
    ]


def compose_config(overrides: list[str]) -> ExperimentConfig:
    """Composes conf/ as the command line does."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return to_typed(ExperimentConfig, compose("train", overrides))


def children_of(pid: int) -> list[int]:
    """Returns the Python processes a process has started, without multiprocessing's resource tracker."""
    found = subprocess.run(["pgrep", "-P", str(pid), "-f", "spawn_main"], capture_output=True, text=True, check=True)
    return [int(child) for child in found.stdout.split()]


started: list[subprocess.Popen[str]] = []


def start_emotion_tl(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Starts `python -m emotion_tl` in a session of its own, which ends with the test at the latest."""
    process = subprocess.Popen(
        [sys.executable, "-m", "emotion_tl", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    started.append(process)
    return process


def kill_started() -> None:
    """Kills the sessions that a test has started and that a failed one has left running."""
    while started:
        process = started.pop()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
