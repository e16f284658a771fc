"""Trainings on a GPU, by each backend that is installed and sees it."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runs import BASELINE, tiny_overrides, write_faces

pytestmark = pytest.mark.gpu

REPOSITORY = Path(__file__).parent.parent
SECONDS = 600
PHASES = [
    "schedule=frozen_then_unfrozen",
    "schedule.phases.frozen.epochs=2",
    "schedule.phases.unfrozen.epochs=2",
    "schedule.phases.unfrozen.trainable_blocks=1",
]


def run_python(backend: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)


@pytest.fixture(params=["tensorflow", "jax", "torch"])
def backend(request) -> str:
    """Returns a backend; skips where it is not installed or sees no GPU."""
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    if shutil.which("nvidia-smi") is None:
        pytest.skip("no driver of a GPU is there: nvidia-smi is not found")
    looked = run_python(request.param, "-c", "from emotion_tl.runtime import find_device; print(find_device().kind)")
    if looked.stdout.split()[-1:] != ["gpu"]:
        pytest.skip(f"{request.param} sees no GPU")
    return request.param


@pytest.fixture
def faces(tmp_path):
    return write_faces(tmp_path / "faces")


@pytest.mark.parametrize(
    "settings",
    [
        ["augmentation=light", "trainer.precision=mixed_bfloat16", "trainer.deterministic=false"],
        ["augmentation=light", "trainer.cache=off"],
        ["augmentation=none", "trainer.cache_views=1"],
    ],
    ids=["bfloat16", "images", "cached"],
)
def test_two_phases_learn_the_bars(backend, settings, faces, tmp_path):
    """Rows are looked up on the device, in uint8 or what stands for it there, and operations are deterministic."""
    overrides = [*tiny_overrides(faces, tmp_path), *BASELINE, *PHASES, "trainer.require_gpu=true"]
    overrides = [text for text in overrides if not text.startswith("augmentation")]
    place = f"hydra.run.dir={tmp_path / 'run'}"
    done = run_python(backend, "-m", "emotion_tl", *overrides, *settings, f"trainer.backend={backend}", place)
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["val"]["official"]["accuracy"] > 0.5


def test_two_processes_share_a_gpu(backend, faces, tmp_path):
    overrides = [*tiny_overrides(faces, tmp_path), *BASELINE, "trainer.require_gpu=true", f"trainer.backend={backend}"]
    sweep = ["-m", "seed=0,1", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    epochs = "schedule.phases.from_scratch.epochs=3"
    done = run_python(backend, "-m", "emotion_tl", *overrides, *sweep, epochs, f"hydra.sweep.dir={tmp_path / 'sweep'}")
    assert done.returncode == 0, done.stdout + done.stderr
