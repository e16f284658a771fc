import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from emotion_tl.explanation.feature_maps import cut_at_feature_map
from emotion_tl.explanation.grad_cam import grad_cam
from tests.explanation.networks import CORNERS, brightness_network, draw_patches

REPOSITORY = Path(__file__).parent.parent.parent


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_maps_are_the_same_on_another_backend(backend, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    file = tmp_path / "maps.npy"
    command = [sys.executable, "-m", "tests.explanation.backend_run", backend, str(file)]
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    network = cut_at_feature_map(brightness_network(), "simple_cnn")
    expected = grad_cam(network, draw_patches(CORNERS), [1] * len(CORNERS)).maps
    assert np.load(file) == pytest.approx(expected, abs=1e-4)
