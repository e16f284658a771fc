"""Runs the jobs of a sweep on Ray: on a cluster of this machine that lives as long as the sweep, or on any other."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hydra.core.utils import JobReturn
from omegaconf import DictConfig, OmegaConf

from emotion_tl.cli.remote_launcher import Job, RemoteLauncher, run_remote_job
from emotion_tl.errors import ConfigurationError
from emotion_tl.signals import CLOSING_SECONDS, ENDING_SIGNALS, end_on_signals

LOCAL = "local"
# Of a cluster that is started; one that runs has them already.
LOCAL_SETTINGS = ("num_cpus", "num_gpus", "resources", "object_store_memory", "include_dashboard")
ENVIRONMENT = {
    # Ray sends usage data to its makers unless told not to; a research tool asks first.
    "RAY_USAGE_STATS_ENABLED": "0",
    # Results that look alike are not the same.
    "RAY_DEDUP_LOGS": "0",
    "RAY_COLOR_PREFIX": "0",
}


class RayLauncher(RemoteLauncher):
    """Makes each job a task of Ray.

    Hydra's own plugin cannot be installed beside joblib 1.6: it wants a cloudpickle below 3.
    """

    def __init__(self, ray: DictConfig) -> None:
        """Takes the arguments of `ray.init` and, under `remote`, of `ray.remote`; None leaves one to Ray."""
        settings: Any = OmegaConf.to_container(ray, resolve=True)
        self.cluster = {name: value for name, value in settings["init"].items() if value is not None}
        self.task = {name: value for name, value in settings["remote"].items() if value is not None}
        self.handles: list[Any] = []

    def start(self, jobs: list[Job]) -> list[Any]:
        """Connects to the cluster and hands the jobs over to it."""
        ray = import_ray()
        if not ray.is_initialized():
            self.connect(ray)
        resources = ray.cluster_resources()
        # A task that asks for no GPU sees none.
        task = {"num_gpus": min(1, resources.get("GPU", 0))} | self.task
        if self.cluster.get("address") == LOCAL:
            check_resources(task, resources)
        remote = ray.remote(**task)(run_ray_job)
        self.handles = [remote.remote(job) for job in jobs]
        return self.handles

    def connect(self, ray: Any) -> None:
        """Connects to the cluster, or starts one."""
        settings = dict(self.cluster)
        if settings.get("address") != LOCAL:
            settings = {name: value for name, value in settings.items() if name not in LOCAL_SETTINGS}
        on_sigterm = signal.getsignal(signal.SIGTERM)
        ray.init(**settings)
        # Ray has put its own in this place, which ends the process without closing anything.
        signal.signal(signal.SIGTERM, on_sigterm)

    def wait_for(self, handle: Any) -> JobReturn:
        """Waits for a job."""
        return import_ray().get(handle)

    def cancel(self) -> None:
        """Interrupts the jobs that run and forgets the others."""
        ray = import_ray()
        for handle in self.handles:
            ray.cancel(handle)
        ray.wait(self.handles, num_returns=len(self.handles), timeout=CLOSING_SECONDS)


def run_ray_job(job: Job) -> JobReturn:
    """Runs a job in a worker of Ray."""
    with ending_on_cancel():
        return run_remote_job(job)


@contextmanager
def ending_on_cancel() -> Iterator[None]:
    """Lets `ray.cancel` and signals interrupt a job that waits for its process."""
    before = {number: signal.getsignal(number) for number in (*ENDING_SIGNALS, signal.SIGALRM)}
    end_on_signals()
    # ray.cancel leaves a note for Python, which reads it when something wakes it up: here, every second.
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 1, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


def import_ray() -> Any:
    """Returns the package, which takes a second to import.

    Raises:
        ConfigurationError: where it is not installed.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise ConfigurationError(f"expected Ray, as in pip install -e '.[ray]'. Received: {error}") from error
    return ray


def check_resources(task: dict[str, Any], resources: dict[str, float]) -> None:
    """Raises a ConfigurationError where a job needs more than the machine has: Ray would wait for it for ever."""
    for key, resource in (("num_cpus", "CPU"), ("num_gpus", "GPU")):
        if task.get(key, 0) > resources.get(resource, 0):
            raise ConfigurationError(
                f"hydra.launcher.ray.remote.{key}: expected at most the {resources.get(resource, 0):g} of the cluster, "
                f"see hydra.launcher.ray.init.{key}. Received: {task[key]}"
            )
