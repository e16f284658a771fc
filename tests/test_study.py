"""Studies, run as a user runs them."""

import os
import signal
import subprocess
import time
from pathlib import Path

import mlflow
import pytest

from emotion_tl.config import TrackingConfig
from emotion_tl.studies.record import StudyRuns, read_study
from tests.runs import start_emotion_tl, tiny_overrides, write_faces

PATIENCE_SECONDS = 300
STUDY = """
name: tiny
baseline: good
arms:
  good:
    schedule.phases.from_scratch.epochs: 1
  diverging:
    schedule.phases.from_scratch.optimizer: sgd
    schedule.phases.from_scratch.learning_rate: 1e30
seeds: [0]
settings:
  backbone: baseline_cnn
  backbone.image_size: 24
  backbone.output_block: block2_pool
  schedule.phases.from_scratch.epochs: 2
"""


def make_folder(folder: Path) -> Path:
    """Writes faces, and a study beside them."""
    write_faces(folder / "faces")
    (folder / "conf" / "study").mkdir(parents=True)
    (folder / "conf" / "study" / "tiny.yaml").write_text(STUDY)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("study"))


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    tiny = [*tiny_overrides(folder / "faces", folder), "tracking.log_model=false"]
    return start_emotion_tl(folder, "study", "--config-dir", str(folder / "conf"), "study=tiny", *tiny, *arguments)


def study(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    process = start(folder, *arguments)
    told, errors = process.communicate(timeout=PATIENCE_SECONDS)
    return subprocess.CompletedProcess(process.args, process.returncode, told, errors)


def read(folder: Path) -> StudyRuns:
    return read_study(TrackingConfig(uri=f"sqlite:///{folder / 'mlflow.db'}"), "tiny")


def statuses(folder: Path) -> dict[tuple[str, int], str]:
    return {(row.arm, row.seed): row.outcome.status for row in read(folder).rows}


@pytest.fixture(scope="module")
def first(folder):
    """Two jobs, of which one diverges."""
    return study(folder)


@pytest.fixture(scope="module")
def extended(first, folder):
    """One more seed, without the arm that diverges."""
    return study(folder, "study.seeds=[0,1]", "~study.arms.diverging")


def test_failed_arm_does_not_stop_the_others(first):
    assert first.returncode == 1, first.stderr
    assert "1 finished, 1 failed" in first.stdout
    assert "diverging, seed 0 failed: The training diverged" in first.stdout
    assert "Traceback" not in first.stderr


def test_each_job_says_which_arm_it_is_and_how_far_the_study_is(first):
    assert "Job 0: good, seed 0" in first.stderr
    assert "0 finished, 0 finished before, 2 to go" in first.stderr
    assert "Job 1: diverging, seed 0" in first.stderr
    assert "1 finished, 0 finished before, 1 to go, about" in first.stderr


def test_extended_study_runs_only_what_is_missing(extended, folder):
    assert extended.returncode == 0, extended.stderr
    assert "1 finished before, 1 finished" in extended.stdout
    assert statuses(folder) == {
        ("diverging", 0): "failed",
        ("good", 0): "finished before",
        ("good", 1): "finished",
    }


def test_all_starts_of_a_study_stand_below_one_run(extended, folder):
    runs = read(folder)
    assert (runs.name, runs.baseline) == ("tiny", "good")
    jobs = mlflow.search_runs(
        search_all_experiments=True,
        filter_string=f"tags.mlflow.parentRunId = '{runs.run_id}'",
        output_format="list",
    )
    assert {run.info.run_id for run in jobs} == {row.run_id for row in runs.rows}
    assert {(run.data.tags["study"], run.data.tags["arm"]) for run in jobs} == {("tiny", "good"), ("tiny", "diverging")}
    assert mlflow.get_run(runs.run_id).info.status == "FINISHED"


def test_dry_run_tells_what_is_missing_and_runs_nothing(extended, folder):
    folders = list((folder / "outputs" / "study" / "tiny").iterdir())
    shown = study(folder, "study.seeds=[0,1,2]", "study.dry_run=true")
    assert shown.returncode == 0, shown.stderr
    assert "2 finished before, 4 to run, about" in shown.stdout
    assert list((folder / "outputs" / "study" / "tiny").iterdir()) == folders


@pytest.mark.parametrize("option", [["--help"], ["--cfg", "job"]])
def test_settings_of_a_study_are_shown(option, folder):
    shown = study(folder, "head.dropout=0.25", *option)
    assert shown.returncode == 0, shown.stderr
    for text in ("baseline: good", "dry_run: false", "dropout: 0.25"):
        assert text in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["study=unknown"], "transfer_vs_scratch"),
        (["study.seeds=3"], "conf/study/tiny.yaml: seeds: expected a list, [3]. Received: 3"),
        (["+study.seed=[3]"], "conf/study/tiny.yaml: seed: Key 'seed' not in 'StudyConfig'. Did you mean seeds?"),
        (["study.arms.good=null"], "conf/study/tiny.yaml: arms.good: expected a value, or {}"),
        (["study.seeds=0,1"], "study.seeds: expected a list, study.seeds=[0,1]"),
        (["+study.arms.mine={backbne:vgg16}"], "tiny.yaml: arm mine: There is no setting backbne. Did you mean backb"),
        (["+study.arms.mine={data.label_column:x}"], "arm mine: data.label_column: data=image_folder has no such"),
        (["+study.arms.mine={backbone:alexnet}"], "arm mine: backbone: expected one of baseline_cnn, inceptionv3"),
        (["+study.arms.mine={backbone.image_size:4}"], "arm mine: backbone.image_size"),
        (["schedule.phases.from_scratch.epochs=3,4"], "arm good: expected no other schedule.phases"),
        (["data.train_fraction=0.5,1", "trainer.batchsize=3"], "batchsize"),
    ],
)
def test_mistake_is_told_before_the_first_job(arguments, told, folder):
    ended = study(folder, *arguments)
    assert ended.returncode == 1
    assert told in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr
    assert "Job 0" not in ended.stderr


def test_arm_that_is_there_twice_is_told(folder):
    (folder / "conf" / "study" / "twice.yaml").write_text("name: twice\nbaseline: a\narms:\n  a: {}\n  a: {}\n")
    ended = study(folder, "study=twice")
    assert ended.returncode == 1
    assert "twice.yaml, line 5: expected YAML. Received: found duplicate key a" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
def test_arm_and_values_of_a_setting_extend_a_study(tmp_path):
    make_folder(tmp_path)
    assert study(tmp_path, "~study.arms.diverging").returncode == 0
    again = study(tmp_path, "~study.arms.diverging", "+study.arms.wide={head.units:[8]}", "head.dropout=0.3,0.5")
    assert again.returncode == 0, again.stderr
    found = [(row.arm, row.settings, row.outcome.status) for row in read(tmp_path).rows]
    # The dropout of the first start was that of the head: 0.3.
    assert found == [
        ("good", {}, "finished"),
        ("good", {"head.dropout": 0.3}, "finished before"),
        ("wide", {"head.dropout": 0.3}, "finished"),
        ("good", {"head.dropout": 0.5}, "finished"),
        ("wide", {"head.dropout": 0.5}, "finished"),
    ]


@pytest.mark.slow
def test_study_runs_through_another_launcher(tmp_path):
    make_folder(tmp_path)
    done = study(tmp_path, "hydra/launcher=joblib", "study.seeds=[0,1]")
    assert done.returncode == 1, done.stderr
    assert sorted(statuses(tmp_path).values()) == ["failed", "failed", "finished", "finished"]
    assert "of computing" in done.stderr


@pytest.mark.fault
def test_killed_study_goes_on_where_it_was(tmp_path):
    make_folder(tmp_path)
    seeds = ["~study.arms.diverging", "study.seeds=[0,1]", "+study.arms.good={schedule.phases.from_scratch.epochs:60}"]
    process = start(tmp_path, *seeds)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(list((tmp_path / "outputs").rglob("history.csv"))) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    again = study(tmp_path, *seeds)
    assert again.returncode == 0, again.stderr
    assert "1 finished before, 1 finished" in again.stdout
    assert statuses(tmp_path) == {("good", 0): "finished before", ("good", 1): "finished"}
