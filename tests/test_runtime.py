import importlib.util
import logging
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from tensorflow.python.framework import config as framework_config

from emotion_tl import runtime
from emotion_tl.errors import ConfigurationError, DeviceError
from emotion_tl.runtime import (
    Device,
    choose_jit_compile,
    configure,
    find_device,
    installed_versions,
    quiet_import,
    select_backend,
)
from emotion_tl.training_config import TrainerConfig

REPOSITORY = Path(__file__).parent.parent
NO_GPU = find_device().kind != "gpu"
PROCESSOR = platform.processor() or platform.machine()


@pytest.fixture(autouse=True)
def restored():
    """Gives the other tests the process as they expect it."""
    policy = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(policy)
    framework_config.disable_op_determinism()


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """Runs code in a process whose Keras has not been imported."""
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=120)


# === The backend ===


def test_an_unknown_backend_is_answered_with_the_known_ones():
    with pytest.raises(ConfigurationError, match=r"trainer\.backend.*tensorflow, jax, torch.*mxnet"):
        select_backend("mxnet")


def test_a_process_cannot_change_its_backend():
    select_backend("tensorflow")
    with pytest.raises(ConfigurationError, match=r"expected jax.*tensorflow.*KERAS_BACKEND=jax"):
        select_backend("jax")
    assert keras.config.backend() == "tensorflow"


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is installed")
def test_a_backend_that_is_not_installed_is_told():
    done = run_python(
        "from emotion_tl.errors import DeviceError\n"
        "from emotion_tl.runtime import select_backend\n"
        "try:\n    select_backend('torch')\n"
        "except DeviceError as error:\n    print(error)\n"
    )
    assert re.search(r"trainer\.backend=torch: expected the package torch", done.stdout), done.stderr


def test_quiet_import_gives_standard_error_back(capfd):
    with quiet_import():
        os.write(2, b"noise of a library")
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"
    with pytest.raises(ImportError), quiet_import():
        raise ImportError
    os.write(2, b"again")
    assert capfd.readouterr().err == "again"


# === Seeds, precision, determinism ===


def test_the_seed_decides_what_is_drawn():
    drawn = []
    for seed in (3, 3, 4):
        configure(TrainerConfig(), seed)
        weights = keras.layers.Dense(4)
        weights.build((None, 4))
        drawn.append((weights.get_weights()[0], np.random.rand(3)))
    assert np.array_equal(drawn[0][0], drawn[1][0])
    assert np.array_equal(drawn[0][1], drawn[1][1])
    assert not np.array_equal(drawn[0][0], drawn[2][0])


@pytest.mark.parametrize("precision", runtime.PRECISIONS)
def test_precision_becomes_the_policy_of_new_layers(precision):
    configure(TrainerConfig(precision=precision), seed=0)
    assert keras.layers.Dense(1).dtype_policy.name == precision


@pytest.mark.skipif(not NO_GPU, reason="there is a GPU")
@pytest.mark.parametrize(
    ("precision", "told"),
    [("float32", None), ("mixed_float16", r"times more slowly"), ("mixed_bfloat16", r"AVX512-BF16 or AMX")],
)
def test_what_a_reduced_precision_is_worth_on_a_cpu_is_told(caplog, precision, told):
    with caplog.at_level(logging.WARNING, logger="emotion_tl"):
        configure(TrainerConfig(precision=precision), seed=0)
    assert bool(caplog.records) == (told is not None)
    if told:
        assert re.search(rf"trainer\.precision={precision}: .*{told}", caplog.text)


@pytest.mark.parametrize("deterministic", [False, True])
def test_deterministic_is_tensorflows_own(deterministic):
    configure(TrainerConfig(deterministic=deterministic), seed=0)
    assert framework_config.is_op_determinism_enabled() == deterministic


def test_configure_refuses_another_backend_than_the_one_that_runs():
    with pytest.raises(ConfigurationError, match=r"trainer\.backend"):
        configure(TrainerConfig(backend="jax"), seed=0)


# === The device ===


@pytest.mark.skipif(not NO_GPU, reason="there is a GPU")
def test_require_gpu_fails_early_and_tells_what_was_found():
    with pytest.raises(DeviceError, match=r"trainer\.require_gpu=true.*CPU.*tensorflow"):
        configure(TrainerConfig(require_gpu=True), seed=0)


def test_the_device_is_the_one_keras_computes_on():
    device = configure(TrainerConfig(), seed=0)
    assert device.backend == "tensorflow"
    assert device.kind == keras.distribution.list_devices()[0].split(":")[0]
    assert device.names


def test_a_device_in_words():
    assert str(Device("jax", "gpu", ("gpu:0", "gpu:1"))) == "GPU (gpu:0, gpu:1) with the jax backend"
    assert str(Device("tensorflow", "gpu", ("gpu:0",), 3)) == "GPU (gpu:0, 3 more not used) with the tensorflow backend"
    assert (
        str(Device("tensorflow", "cpu", ("x86_64",)))
        == f"CPU (x86_64, {os.cpu_count()} cores) with the tensorflow backend"
    )


@pytest.mark.parametrize(
    ("devices", "expected"), [("one", [PROCESSOR, "3"]), ("all", ["cpu:0", "cpu:1", "cpu:2", "cpu:3", "0"])]
)
def test_devices_in_use_and_idle(devices, expected):
    """On 4 virtual CPUs, which a process has to ask for before TensorFlow starts."""
    done = run_python(
        "import tensorflow\n"
        "(cpu,) = tensorflow.config.list_physical_devices('CPU')\n"
        "parts = [tensorflow.config.LogicalDeviceConfiguration()] * 4\n"
        "tensorflow.config.set_logical_device_configuration(cpu, parts)\n"
        "from emotion_tl.runtime import configure\n"
        "from emotion_tl.training_config import TrainerConfig\n"
        f"device = configure(TrainerConfig(devices={devices!r}), seed=0)\n"
        "print(*device.names, device.num_idle, sep=',')\n"
    )
    assert done.stdout.strip().split(",") == expected, done.stderr


@pytest.mark.parametrize(
    ("backend", "kind", "expected"),
    [
        ("tensorflow", "cpu", False),
        ("tensorflow", "gpu", "auto"),
        ("jax", "cpu", "auto"),
        ("jax", "tpu", "auto"),
        ("torch", "gpu", False),
    ],
)
def test_jit_compile_is_chosen_by_backend_and_device(backend, kind, expected):
    device = Device(backend, kind, (f"{kind}:0",))
    assert choose_jit_compile(TrainerConfig(jit_compile=None), device) == expected
    assert choose_jit_compile(TrainerConfig(jit_compile=True), device) is True
    assert choose_jit_compile(TrainerConfig(jit_compile=False), device) is False


def test_versions_of_what_changes_a_result():
    versions = installed_versions()
    assert versions["keras"] == keras.__version__
    assert {"python", "numpy", "tensorflow", "scikit-learn"} <= set(versions)
