"""The machine a run is computed on: Keras backend, device, precision, seeds.

Keras reads its backend when it is first imported, so `select_backend` comes before any module that imports Keras, and
this module imports it only inside functions.
"""

import logging
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from emotion_tl.errors import ConfigurationError, DeviceError
from emotion_tl.training_config import TrainerConfig

logger = logging.getLogger(__name__)

BACKENDS = ("tensorflow", "jax", "torch")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
# What to know of a precision before it is used on a CPU. InceptionV3 at 96 pixels on 2 cores with AVX512-BF16 trains on
# 19 to 41 images/s in float32, 37 to 46 in bfloat16 and 5 to 9 in float16.
PRECISIONS_ON_A_CPU = {
    "mixed_float16": "a CPU trains several times more slowly in it than in float32.",
    "mixed_bfloat16": "it pays on a CPU with AVX512-BF16 or AMX only (see `lscpu`).",
}
# The packages that can change a result, beside Python.
VERSIONED_PACKAGES = ("emotion_tl", "keras", "tensorflow", "jax", "torch", "numpy", "scikit-learn", "mlflow")
# What trainer.deterministic=true, the default, means on a GPU.
DETERMINISM_ON_A_GPU = {
    "tensorflow": "for equal numbers TensorFlow does without XLA and its fastest operations. Faster, with numbers that "
    "differ a little from run to run: trainer.deterministic=false trainer.precision=mixed_bfloat16",
    "jax": "has no effect on JAX, whose numbers may differ a little from run to run.",
    "torch": "has no effect on PyTorch, whose numbers may differ a little from run to run.",
}


@dataclass(frozen=True)
class Device:
    """What the network is really computed on.

    Attributes:
        backend: Keras backend.
        kind: "gpu", "tpu" or "cpu".
        names: the devices in use, as the backend names them; one CPU goes by the name of the processor.
        num_idle: further devices of that kind, which are there and not used.
    """

    backend: str
    kind: str
    names: tuple[str, ...]
    num_idle: int = 0

    def __str__(self) -> str:
        """Returns one line for a person."""
        parts = list(self.names)
        if self.kind == "cpu":
            parts.append(f"{os.cpu_count()} cores")
        if self.num_idle:
            parts.append(f"{self.num_idle} more not used")
        return f"{self.kind.upper()} ({', '.join(parts)}) with the {self.backend} backend"


def select_backend(name: str) -> None:
    """Chooses the Keras backend, before Keras is imported.

    Raises:
        ConfigurationError: on an unknown backend, or where Keras was imported with another one.
        DeviceError: where the backend is not installed.
    """
    if name not in BACKENDS:
        raise ConfigurationError(f"trainer.backend: expected one of {', '.join(BACKENDS)}. Received: {name}")
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = name
        # JAX would take three quarters of a GPU at once, and the second of two workers on it would find none left.
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    try:
        with quiet_import():
            import keras
    except ImportError as error:
        raise DeviceError(
            f"trainer.backend={name}: expected the package {name} to be installed. It cannot be imported ({error}). "
            f"Install it, or choose another of {', '.join(BACKENDS)}."
        ) from error

    if keras.config.backend() != name:
        raise ConfigurationError(
            f"trainer.backend: expected {name}, but Keras already runs on {keras.config.backend()} in this process. "
            f"Set the environment variable KERAS_BACKEND={name} before Keras is imported, or start a process "
            "of its own."
        )


@contextmanager
def quiet_import() -> Iterator[None]:
    """Keeps what TensorFlow's C++ code writes while it is imported off the terminal.

    Its notes on oneDNN and on a missing CUDA driver appear on every start, bypass Python's log, and obey no setting.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def configure(config: TrainerConfig, seed: int) -> Device:
    """Sets seeds, determinism and precision, and finds the device.

    Raises:
        ConfigurationError: where Keras runs on another backend than the configuration says.
        DeviceError: where a GPU is required and none is there.
    """
    select_backend(config.backend)
    import keras

    if config.backend == "tensorflow":
        # Before the first look at the devices, after which TensorFlow takes no settings for them.
        configure_tensorflow(config.deterministic)
    device = find_device(config.devices)
    if config.require_gpu and device.kind != "gpu":
        raise DeviceError(
            f"trainer.require_gpu=true: expected a GPU. Found: {device}. `nvidia-smi` shows whether the driver sees "
            "one; for TensorFlow `pip install -e '.[gpu]'` in the checkout; or set trainer.require_gpu=false."
        )
    keras.utils.clear_session(free_memory=True)
    # Progress is shown by the package's own display; MLflow predicts while it saves a model, and nobody asked to see
    # that.
    keras.config.disable_interactive_logging()
    # Whatever the backend, Keras seeds TensorFlow too where it is installed, and imports it for that.
    with quiet_import():
        keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy(config.precision)
    tell_of_settings(config, device)
    return device


def tell_of_settings(config: TrainerConfig, device: Device) -> None:
    """Logs which settings do not suit the device."""
    if device.kind == "cpu" and config.precision in PRECISIONS_ON_A_CPU:
        logger.warning("trainer.precision=%s: %s", config.precision, PRECISIONS_ON_A_CPU[config.precision])
    if device.kind == "gpu" and config.deterministic:
        logger.info("trainer.deterministic=true: %s", DETERMINISM_ON_A_GPU[device.backend])


def configure_tensorflow(deterministic: bool) -> None:
    """Sets what only TensorFlow has a switch for."""
    import tensorflow

    # It warns of networks that are traced one after the other, which is what a cut network for each split is.
    tensorflow.get_logger().setLevel("ERROR")
    if deterministic:
        tensorflow.config.experimental.enable_op_determinism()
    for gpu in tensorflow.config.list_physical_devices("GPU"):
        try:
            tensorflow.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:
            # Too late to change once the GPU is in use, which a second run in the same process meets.
            logger.debug("Memory growth of %s stays as it is.", gpu.name)


def find_device(devices: str = "one") -> Device:
    """Returns the first accelerator the backend sees or all of them, or the CPU where there is none.

    Args:
        devices: "one" or "all", as in trainer.devices.
    """
    import keras

    backend = keras.config.backend()
    # Named "gpu:0", "tpu:3" or "cpu:0". To be asked for one kind, JAX answers with an error where there is none.
    names = torch_devices() if backend == "torch" else keras.distribution.list_devices()
    kind = names[0].split(":")[0].lower() if names else "cpu"
    used = names if devices == "all" else names[:1]
    num_idle = len(names) - len(used)
    if kind == "cpu" and len(used) <= 1:
        used = [platform.processor() or platform.machine()]
    return Device(backend, kind, tuple(used), num_idle)


def choose_jit_compile(config: TrainerConfig, device: Device) -> bool | str:
    """Returns what `compile` takes as jit_compile: the setting, or where that is null what pays on this device.

    - TensorFlow on a CPU: False. XLA does without oneDNN's convolutions. InceptionV3 at 96 pixels on 2 cores predicts
      273 images/s without it and 209 with it; training is equally fast, after a compilation of several seconds.
    - TensorFlow on a GPU: "auto". Keras then compiles unless trainer.deterministic asks for operations that XLA does
      not have, or several devices take part, whose gradients XLA cannot exchange.
    - JAX: "auto", which compiles, augmentation included. Without it each operation is dispatched by itself.
    - torch: False, which is also what "auto" is to Keras there.
    """
    if config.jit_compile is not None:
        return config.jit_compile
    if device.backend == "torch" or (device.backend == "tensorflow" and device.kind == "cpu"):
        return False
    return "auto"


def torch_devices() -> list[str]:
    """Returns PyTorch's GPUs, which keras.distribution does not list."""
    import torch

    return [f"gpu:{index}" for index in range(torch.cuda.device_count())]


def installed_versions() -> dict[str, str]:
    """Returns the versions of the packages that can change a result, Python's own included."""
    versions = {"python": platform.python_version()}
    for package in VERSIONED_PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def git_commit() -> str:
    """Returns the commit of the code, with "+changes" where files differ from it; "unknown" outside a checkout."""
    folder = Path(__file__).parent

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    try:
        # A package installed into some other project's checkout would otherwise report that project's commit.
        if not git("ls-files", "--", str(Path(__file__))):
            return "unknown"
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain", "--", str(folder)) else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"
