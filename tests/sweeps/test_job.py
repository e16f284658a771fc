"""A job of a sweep is run once: what has ended is read from MLflow, what died is run again."""

from dataclasses import dataclass, field
from pathlib import Path

import mlflow
import pytest
from filelock import FileLock

from emotion_tl.config import ExperimentConfig
from emotion_tl.data.dataset import load_dataset
from emotion_tl.experiment import run_experiment
from emotion_tl.identity import known_identities
from emotion_tl.sweeps.job import Job, run_job
from emotion_tl.tracking.running import LOCK_FILE, place_tags, write_run_id
from emotion_tl.tracking.store import open_store, select_experiment
from tests.runs import BASELINE, compose_config, tiny_overrides, write_faces

DIVERGING = ["schedule.phases.from_scratch.optimizer=sgd", "schedule.phases.from_scratch.learning_rate=1e30"]


@pytest.fixture
def folder(tmp_path):
    write_faces(tmp_path / "faces")
    return tmp_path


@dataclass
class Sweep:
    """Runs jobs in this process and counts them."""

    folder: Path
    num_runs: int = 0
    numbers: list[int] = field(default_factory=list)

    def run(self, config: ExperimentConfig, output_dir: Path) -> None:
        self.num_runs += 1
        run_experiment(config, output_dir)

    def config(self, *overrides: str) -> ExperimentConfig:
        epochs = "schedule.phases.from_scratch.epochs=1"
        tiny = tiny_overrides(self.folder / "faces", self.folder)
        return compose_config([*tiny, *BASELINE, epochs, "tracking.log_model=false", *overrides])

    def job(self, *overrides: str, folder: str | None = None):
        config = self.config(*overrides)
        number = len(self.numbers)
        self.numbers.append(number)
        output_dir = self.folder / (folder or f"job{number}")
        job = Job(number, list(overrides), output_dir, config.tracking, config.data.name)
        return run_job(job, lambda: config, self.run)

    def log_running_run(self, folder: Path) -> str:
        """Logs a run of the same job that says it is under way."""
        config = self.config()
        identity, *_ = known_identities(config, load_dataset(config.data, Path(config.cache_dir)).fingerprint)
        experiment = select_experiment(open_store(config.tracking), "bars")
        tags = {"identity": identity, **place_tags(folder)}
        return mlflow.MlflowClient().create_run(experiment, tags=tags).info.run_id


@pytest.fixture
def sweep(folder):
    return Sweep(folder)


def test_finished_job_is_not_run_again(sweep):
    first, second = sweep.job(), sweep.job()
    assert (first.status, second.status) == ("finished", "finished before")
    assert second.run_id == first.run_id
    assert second.val_accuracy == first.val_accuracy is not None
    assert sweep.num_runs == 1


def test_a_job_that_an_earlier_version_has_finished_is_not_run_again(sweep):
    config = sweep.config()
    earlier = known_identities(config, load_dataset(config.data, Path(config.cache_dir)).fingerprint)[-1]
    experiment = select_experiment(open_store(config.tracking), "bars")
    run_id = mlflow.MlflowClient().create_run(experiment, tags={"identity": earlier}).info.run_id
    mlflow.MlflowClient().set_terminated(run_id)
    outcome = sweep.job()
    assert (outcome.status, outcome.run_id, sweep.num_runs) == ("finished before", run_id, 0)


@pytest.mark.slow
def test_another_value_is_another_job(sweep):
    sweep.job("seed=0")
    assert sweep.job("seed=1").status == "finished"
    assert sweep.num_runs == 2


@pytest.mark.slow
def test_rerun_all_runs_again(sweep):
    first, second = sweep.job(), sweep.job("sweep.rerun=all")
    assert second.status == "finished"
    assert second.run_id != first.run_id


def test_failed_job_is_run_again_unless_told_not_to(sweep):
    failed = sweep.job(*DIVERGING)
    assert failed.status == "failed"
    assert "learning_rate" in failed.reason
    before = sweep.job(*DIVERGING, "sweep.rerun=none")
    assert (before.status, before.run_id) == ("failed before", failed.run_id)
    assert sweep.num_runs == 1
    assert sweep.job(*DIVERGING).run_id != failed.run_id
    assert sweep.num_runs == 2


def test_job_that_cannot_start_has_a_failed_run_with_its_reason(sweep):
    outcome = sweep.job("data.path=/missing/folder")
    assert outcome.status == "failed"
    run = mlflow.get_run(outcome.run_id)
    assert run.info.status == "FAILED"
    assert "/missing/folder" in run.data.tags["reason"]


def test_where_nothing_can_be_locked_the_folder_is_named(sweep):
    cache = Path(sweep.config().cache_dir)
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "jobs").touch()
    reason = sweep.job().reason
    assert reason.startswith("cache_dir: expected a folder in which files can be locked")
    assert str(cache) in reason
    assert "trainer.cache" not in reason
    assert sweep.num_runs == 0


def broken(config, output_dir):
    raise ZeroDivisionError("by accident")


def test_error_in_the_program_fails_the_job_and_not_the_sweep(sweep):
    sweep.run = broken
    assert sweep.job().reason == "ZeroDivisionError: by accident"


def test_job_that_failed_early_is_known_to_have_failed(sweep):
    sweep.run = broken
    failed = sweep.job()
    before = sweep.job("sweep.rerun=none")
    assert (before.status, before.run_id) == ("failed before", failed.run_id)
    assert sweep.job().run_id != failed.run_id


def test_failure_is_not_that_of_the_run_which_the_folder_was_of_before(sweep, folder):
    (folder / "shared").mkdir()
    earlier = sweep.log_running_run(folder / "shared")
    write_run_id(folder / "shared", earlier, "earlier")
    outcome = sweep.job("data.path=/missing/folder", folder="shared")
    assert outcome.run_id != earlier
    assert "/missing/folder" in mlflow.get_run(outcome.run_id).data.tags["reason"]
    assert "reason" not in mlflow.get_run(earlier).data.tags


def test_run_whose_process_died_is_closed_and_run_again(sweep, folder):
    gone = folder / "gone"
    gone.mkdir()
    dead = sweep.log_running_run(gone)
    assert sweep.job().status == "finished"
    assert mlflow.get_run(dead).info.status == "KILLED"


def test_run_that_is_under_way_is_left_alone(sweep, folder):
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    alive = sweep.log_running_run(elsewhere)
    with FileLock(elsewhere / LOCK_FILE):
        sweep.job()
    assert mlflow.get_run(alive).info.status == "RUNNING"


def test_run_of_another_machine_is_left_alone(sweep, folder):
    run_id = sweep.log_running_run(folder / "away")
    mlflow.MlflowClient().set_tag(run_id, "host", "another-machine")
    sweep.job()
    assert mlflow.get_run(run_id).info.status == "RUNNING"


@pytest.mark.slow
def test_runs_without_their_pretrained_weights_stand_for_nothing(sweep):
    first = sweep.job()
    mlflow.MlflowClient().set_tag(first.run_id, "weights", "random (fallback)")
    assert sweep.job().status == "finished"
