import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from emotion_tl.fed import WHOLE_NETWORK, told_activations

REPOSITORY = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_training_on_another_backend(backend, tmp_path):
    """Layer decay, moving average, frozen phase, best epoch, saved model: two phases of a tiny baseline_cnn."""
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    command = [sys.executable, "-m", "tests.training.backend_run", backend, str(tmp_path)]
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    # None of what the backends write on their own while they are imported.
    assert done.stderr == ""
    told = json.loads(done.stdout.splitlines()[-1])
    assert backend in told["device"]
    assert told["compiles_augmentation"] == (backend == "jax")
    assert told["phases"] == ["first", "first", "second"]
    # The second phase decays the head to zero.
    assert told["best_epoch"] == told["losses"].index(min(told["losses"])) + 1 == 2
    assert told["restored"]
    assert told["loaded"]
    assert told["log_loss"] == pytest.approx(min(told["losses"]), rel=1e-3)
    assert {"block1_conv1/kernel", "block1_conv1_bn/moving_mean", "logits/bias"} <= set(told["moved_in_first"])
    assert set(told["moved_in_second"]) == {"logits/kernel", "logits/bias"}
    off, cached = told["cached"]
    assert off["inputs"] == [WHOLE_NETWORK, WHOLE_NETWORK]
    assert cached["inputs"] == [told_activations(layer, ["image"]) for layer in ("pooling", "block1_pool")]
    assert cached["val_losses"] == pytest.approx(off["val_losses"], rel=5e-3, abs=1e-4)
    assert off["val_losses"][0] != pytest.approx(off["val_losses"][1], rel=5e-3)
