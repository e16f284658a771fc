"""The logged model behind MLflow's own command, as somebody without this package would use it."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from emotion_tl.experiment import run_experiment
from tests.runs import BASELINE, TWO_EPOCHS, compose_config, tiny_overrides, write_faces

pytestmark = pytest.mark.slow


def test_mlflow_models_predict(tmp_path):
    overrides = [*tiny_overrides(write_faces(tmp_path / "faces"), tmp_path), *BASELINE, *TWO_EPOCHS]
    config = compose_config(overrides)
    result = run_experiment(config, tmp_path / "run")
    images = np.zeros((2, 24, 24, 3), dtype="uint8")
    request = tmp_path / "request.json"
    request.write_text(json.dumps({"inputs": images.tolist()}))
    command = [sys.executable, "-m", "mlflow", "models", "predict", "--env-manager", "local"]
    command += ["--model-uri", f"runs:/{result.run_id}/model", "--input-path", str(request)]
    environment = {**os.environ, "MLFLOW_TRACKING_URI": str(config.tracking.uri), "PYTHONPATH": ""}
    predicted = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert predicted.returncode == 0, predicted.stderr
    probabilities = np.array(json.loads(predicted.stdout.splitlines()[-1])["predictions"])
    np.testing.assert_allclose(probabilities.sum(axis=1), [1, 1], atol=1e-4)
