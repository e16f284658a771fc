"""The launchers of a sweep: their configuration, jobs that take moments, and real sweeps."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from tests.runs import BASELINE, CONF, REPOSITORY, TWO_EPOCHS, tiny_overrides, write_faces

RAY = pytest.param(
    "ray",
    marks=[
        pytest.mark.slow,
        pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install 'emotion_tl[ray]'"),
    ],
)
APPLICATION = [sys.executable, "-c", "from tests.launcher_app import main; main()"]


def environment(home: Path, **variables: str) -> dict[str, str]:
    """Returns environment variables with which a process finds this package, and keeps Ray's files out of the home."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "HOME": str(home), "COLUMNS": "120", **variables}


def application_command(launcher: str, *overrides: str) -> list[str]:
    """Returns the command of a sweep of three jobs that note in ./spans when they ran."""
    Path("spans").mkdir()
    settings = [f"hydra/launcher={launcher}", "+number=0,1,2", "+folder=spans", "hydra.sweep.dir=sweep"]
    return [*APPLICATION, "-m", f"hydra.searchpath=[file://{CONF}]", *settings, *overrides]


def read_spans() -> dict[int, dict]:
    """Returns what the jobs have noted, by their numbers."""
    return {int(path.stem): json.loads(path.read_text()) for path in Path("spans").glob("*.json")}


def num_at_once(spans: list[dict]) -> int:
    """Returns the most jobs that ran at the same moment."""
    return max(sum(other["start"] <= span["start"] < other["end"] for other in spans) for span in spans)


def run_application(launcher: str, *overrides: str) -> subprocess.CompletedProcess[str]:
    command = application_command(launcher, *overrides)
    return subprocess.run(command, env=environment(Path.cwd()), capture_output=True, text=True, timeout=240)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("launcher", ["basic", "joblib", "submitit_local", "submitit_slurm", "ray"])
def test_launcher_is_a_choice_of_the_configuration(launcher):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        settings = compose("train", [f"hydra/launcher={launcher}"], return_hydra_config=True).hydra.launcher
    expected = "hydra._internal.core_plugins" if launcher == "basic" else "hydra_plugins.emotion_tl_launchers"
    assert settings._target_.startswith(expected)
    file = CONF / "hydra" / "launcher" / f"{launcher}.yaml"
    assert not file.exists() or set(settings) == set(OmegaConf.load(file))


@pytest.mark.parametrize("launcher", ["joblib", "submitit_local", RAY])
def test_jobs_run_at_once_in_the_folder_of_the_sweep(launcher, folder):
    # Two at once by default, but for Submitit, which starts them all.
    together = 3 if launcher == "submitit_local" else 2
    # Long enough for a third to start, where a launcher would let it.
    ended = run_application(launcher, "+seconds=1", f"+together={together}")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout.splitlines()[-1]) == {}
    spans = read_spans()
    assert set(spans) == {0, 1, 2}
    assert {span["cwd"] for span in spans.values()} == {str(folder)}
    assert num_at_once(list(spans.values())) == together


# Submitit waits 15 seconds for the result of a process that has ended.
@pytest.mark.parametrize("launcher", ["joblib", pytest.param("submitit_local", marks=pytest.mark.slow), RAY])
def test_lost_job_does_not_stop_the_others(launcher, folder):
    ended = run_application(launcher, "+seconds=0.1", "+lost=0")
    assert ended.returncode == 0, ended.stderr
    assert set(read_spans()) == {1, 2}
    assert list(json.loads(ended.stdout.splitlines()[-1])) == ["0"]
    assert "Job 0 was lost" in ended.stderr


@pytest.mark.parametrize("launcher", ["joblib", "submitit_local", RAY])
def test_interrupted_sweep_ends_its_jobs_and_waits_for_them(launcher, folder):
    running = 3 if launcher == "submitit_local" else 2
    command = application_command(launcher, "+seconds=100")
    with subprocess.Popen(command, env=environment(folder), stderr=subprocess.PIPE, text=True) as sweep:
        deadline = time.monotonic() + 60
        while len(list(Path("spans").glob("*.started"))) < running and time.monotonic() < deadline:
            time.sleep(0.1)
        sweep.send_signal(signal.SIGTERM)
        assert sweep.wait(60) == 130, sweep.stderr.read()
    spans = read_spans()
    assert len(spans) == running
    assert {span["status"] for span in spans.values()} == {"interrupted"}


@pytest.mark.slow
def test_job_is_interrupted_before_its_time_is_over(folder):
    ended = run_application("submitit_local", "+seconds=100", "+number=0", "hydra.launcher.timeout_min=1")
    assert ended.returncode == 0, ended.stderr
    assert read_spans()[0]["status"] == "interrupted"
    assert "timeout_min" in json.loads(ended.stdout.splitlines()[-1])["0"]


def test_setting_a_launcher_does_not_know_is_told_in_one_line(folder):
    ended = run_application("submitit_local", "+seconds=0", "+hydra.launcher.cores=3")
    assert ended.returncode == 1
    assert "hydra/launcher=submitit_local: " in ended.stderr
    assert "Traceback" not in ended.stderr


def test_missing_slurm_is_told_in_one_line(folder, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    ended = run_application("submitit_slurm", "+seconds=0")
    assert ended.returncode == 1
    assert "slurm" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_slurm_gets_what_the_configuration_says(folder, monkeypatch):
    # Stands in for Slurm: keeps the script it is given and says that the job is in the queue. It never runs, and the
    # sweep is interrupted while it waits for it.
    binaries = folder / "bin"
    binaries.mkdir()
    for name, script in {
        "srun": "exit 0",
        "sbatch": f"cp $1 {folder}/submitted.sh; echo Submitted batch job 4242",
        "sacct": "echo 'JobID|State'; for n in 0 1 2; do echo \"4242_$n|PENDING\"; done",
        "scancel": f"echo $@ >> {folder}/cancelled",
    }.items():
        (binaries / name).write_text(f"#!/bin/sh\n{script}\n")
        (binaries / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(binaries), prepend=os.pathsep)
    wanted = ["partition=gpu", "gpus_per_node=2", "timeout_min=90", "mem_gb=48", "setup=[module load cuda]"]
    command = application_command("submitit_slurm", "+seconds=0", *(f"hydra.launcher.{text}" for text in wanted))
    with subprocess.Popen(command, env=environment(folder), stderr=subprocess.PIPE, text=True) as sweep:
        told = [sweep.stderr.readline() for _ in range(3)]
        sweep.send_signal(signal.SIGTERM)
        time.sleep(1)
        sweep.kill()
    assert "Job 2 is job 4242_2 of slurm" in told[2]
    lines = (folder / "submitted.sh").read_text().splitlines()
    for expected in (
        "partition=gpu",
        "gpus-per-node=2",
        "time=90",
        "mem=48GB",
        "array=0-2%3",
        "cpus-per-task=8",
        "nodes=1",
    ):
        assert f"#SBATCH --{expected}" in lines
    assert "module load cuda" in lines
    assert (folder / "cancelled").read_text().split() == ["4242_0", "4242_1", "4242_2"]


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["joblib", "submitit_local", RAY])
def test_sweep_trains_through_the_launcher(launcher, folder):
    faces = write_faces(folder / "faces")
    overrides = [*tiny_overrides(faces, folder), "data.path=faces", *BASELINE, *TWO_EPOCHS, "seed=0,1"]
    command = [sys.executable, "-m", "emotion_tl", "-m", f"hydra/launcher={launcher}", *overrides]
    ended = subprocess.run(command, env=environment(folder), capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    jobs = read_jobs(folder)
    assert [job.info.status for job in jobs] == ["FINISHED", "FINISHED"]
    spans = [{"start": job.info.start_time, "end": job.info.end_time} for job in jobs]
    assert num_at_once(spans) == 2


def read_jobs(folder: Path) -> list[mlflow.entities.Run]:
    """Returns the MLflow runs of a sweep without that of the sweep itself."""
    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return [run for run in client.search_runs(experiments) if "mlflow.parentRunId" in run.data.tags]


@pytest.fixture
def ray_address(monkeypatch):
    """The address of a Ray cluster that runs: on the loopback interface alone, where it needs no token."""
    for name, value in {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}.items():
        monkeypatch.setenv(name, value)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    # pytest's folders are too deep for the sockets Ray puts there.
    with TemporaryDirectory(prefix="ray_", ignore_cleanup_errors=True) as files:
        place = ["--head", "--node-ip-address=127.0.0.1", f"--port={port}", f"--temp-dir={files}"]
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", *place, "--num-cpus=2", "--block"]
        with subprocess.Popen(command, env=environment(Path(files)), stdout=subprocess.DEVNULL) as cluster:
            yield f"127.0.0.1:{port}"
            cluster.terminate()


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install 'emotion_tl[ray]'")
def test_jobs_run_on_a_ray_cluster_by_its_address(folder, ray_address):
    ended = run_application("ray", "+seconds=1", f"hydra.launcher.ray.init.address={ray_address}")
    assert ended.returncode == 0, ended.stderr
    assert set(read_spans()) == {0, 1, 2}
    assert {span["cwd"] for span in read_spans().values()} == {str(folder)}
