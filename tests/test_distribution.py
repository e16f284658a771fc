import importlib.util
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from emotion_tl.distribution import OneDevice, build_distribution, num_devices_in_scope
from emotion_tl.errors import ConfigurationError
from emotion_tl.training_config import TrainerConfig
from tests.tiny import make_config, make_phase

REPOSITORY = Path(__file__).parent.parent
NUM_DEVICES = 4
FOUR = ("gpu:0", "gpu:1", "gpu:2", "gpu:3")


def make_experiment(*phases, **settings):
    """Returns an experiment with these settings of the trainer, on all devices unless they say otherwise."""
    config = make_config(*phases)
    config.trainer = TrainerConfig(**{"devices": "all"} | settings)
    return config


# === What cannot be computed on several devices ===


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"batch_size": 30}, r"trainer\.batch_size: expected a multiple of 4.*Received: 30.*nearest: 28 or 32\."),
        ({"batch_size": 3}, r"trainer\.batch_size: expected a multiple of 4.*Received: 3.*nearest: 4\."),
        ({"evaluation_batch_size": 130}, r"trainer\.evaluation_batch_size: .*Received: 130.*nearest: 128 or 132\."),
        ({"gradient_accumulation_steps": 2}, r"gradient_accumulation_steps: expected 1 on 4.*trainer\.backend=jax"),
        ({"steps_per_execution": 8}, r"steps_per_execution: expected 1 on 4.*Received: 8.*trainer\.devices=one"),
        ({"precision": "mixed_float16"}, r"trainer\.precision: expected mixed_bfloat16 or float32 on 4"),
        ({"backend": "torch"}, r"trainer\.devices=all: expected trainer\.backend=jax or tensorflow\. Received: torch"),
    ],
)
def test_settings_that_do_not_go_with_several_devices(settings, told):
    with pytest.raises(ConfigurationError, match=told):
        build_distribution(make_experiment(**settings), FOUR)


def test_clipping_on_tensorflow_is_refused_by_the_name_of_the_phase():
    config = make_experiment(make_phase(), make_phase(gradient_clip_norm=0.5))
    with pytest.raises(ConfigurationError, match=r"schedule\.phases\.second\.gradient_clip_norm: .*Received: 0\.5"):
        build_distribution(config, FOUR)


@pytest.mark.parametrize("devices", ["one", "all"])
def test_one_device_takes_any_batch_and_changes_nothing(devices, caplog):
    settings = {"devices": devices, "batch_size": 7, "gradient_accumulation_steps": 2}
    config = make_experiment(make_phase(gradient_clip_norm=0.5), **settings)
    with caplog.at_level(logging.INFO, logger="emotion_tl"):
        distribution = build_distribution(config, ("gpu:0",))
    assert isinstance(distribution, OneDevice)
    assert ("there is one device" in caplog.text) == (devices == "all")
    with distribution.scope():
        assert num_devices_in_scope() == 1


# === The same experiment on one device and on several ===


@pytest.mark.parametrize("backend", [pytest.param("tensorflow", marks=pytest.mark.slow), "jax"])
def test_several_devices_give_what_one_gives(backend, tmp_path):
    """Two phases with class weights, layer decay, weight decay and moving average, to the finished run."""
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    command = [sys.executable, "-m", "tests.distribution_run", backend, str(tmp_path)]
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    several, one = told["all"], told["one"]
    assert several["agree"]
    assert told["with_batch_norm"]["num_statistics"] > 0
    assert told["with_batch_norm"]["agree"]

    assert "cpu:0, cpu:1, cpu:2, cpu:3" in several["device"]
    assert "3 more not used" in one["device"]
    assert several["num_devices"] == NUM_DEVICES
    assert set(several["copies"]) == {NUM_DEVICES}
    # Neither what follows an experiment nor the next one in the same process is distributed.
    assert several["num_devices_after"] == 1
    assert one["num_devices"] == 1
    assert set(one["copies"]) == {1}

    assert several["history"].keys() == one["history"].keys() >= {"loss", "val_loss", "val_macro_f1"}
    for name, values in one["history"].items():
        np.testing.assert_allclose(several["history"][name], values, rtol=1e-4, atol=1e-5, err_msg=name)
    np.testing.assert_allclose(several["probabilities"], one["probabilities"], atol=1e-5)
    assert several["test"] == one["test"]
    for one_weight, other in zip(one["weights"], several["weights"], strict=True):
        np.testing.assert_allclose(other, one_weight, rtol=1e-4, atol=1e-5)
