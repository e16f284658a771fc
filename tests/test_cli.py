"""The command line, run as a user runs it: in processes of its own."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from tests.runs import BASELINE, CHECKOUT, TWO_EPOCHS, tiny_overrides, write_faces


def emotion_tl(*arguments: str, cwd: Path, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    """Runs `python -m emotion_tl`."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "COLUMNS": "120"}
    command = [sys.executable, "-m", "emotion_tl", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    write_faces(folder / "faces")
    return folder


def run_sweep(folder: Path, name: str, *further: str) -> subprocess.CompletedProcess[str]:
    overrides = [*tiny_overrides(folder / "faces", folder), *BASELINE, *TWO_EPOCHS]
    rates = "schedule.phases.from_scratch.learning_rate=1e-3,1e30"
    optimizer = "schedule.phases.from_scratch.optimizer=sgd"
    return emotion_tl("-m", *overrides, rates, optimizer, f"hydra.sweep.dir={name}", *further, cwd=folder)


@pytest.fixture(scope="module")
def sweep(folder):
    """Two jobs in one sweep, of which one diverges."""
    return run_sweep(folder, "sweep")


def test_help_names_choices_commands_and_settings(tmp_path):
    shown = emotion_tl("--help", cwd=tmp_path)
    assert shown.returncode == 0
    for text in (
        "inceptionv3",
        "frozen_then_unfrozen",
        "study        a pretrained network",
        "learning_rate: 0.001",
    ):
        assert text in shown.stdout


def test_without_the_environment_it_is_told_how_to_enter_it(tmp_path):
    """-S leaves out the packages that are installed."""
    command = [sys.executable, "-S", "-m", "emotion_tl", "--help"]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "error: hydra is not installed for" in ended.stderr
    assert "source .venv/bin/activate" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_cfg_job_shows_the_composed_configuration(tmp_path):
    shown = emotion_tl("backbone=baseline_cnn", "seed=7", "--cfg", "job", cwd=tmp_path)
    assert shown.returncode == 0
    assert "seed: 7" in shown.stdout
    assert "name: from_scratch" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["backbone=alexnet"], "inceptionv3"),
        (["trainer.batchsize=3"], "Did you mean trainer.batch_size"),
        (["trainer.batch_size=many"], "trainer.batch_size"),
        (["backbone.image_size=48"], "at least 75"),
        (["schedule.phases.unfrozen.trainable_blocks=12"], "at most 11"),
        (["-m", "data=nope,fer2013"], "error: data: expected one of csv, depression_faces"),
        (["study=laptop"], "python -m emotion_tl study study=laptop"),
        (["traine"], "train, audit, study, compare, tune, predict, probe, clean_cache"),
        (["data=image_folder", "data.path=missing"], "missing"),
        (["predict", "images=x"], "model"),
        (["compare", "confidence_level=95"], "confidence_level"),
        (["audit", "near_duplicate_correlation=95"], "at most 1"),
        (["audit", "data=image_folder", "data.path=missing"], "missing"),
        (["experiment=quick_transfer", "schedule=frozen_only"], "schedule.phases.unfrozen.trainable_blocks"),
        (["schedule.monitor=val_loss", "schedule.phases.frozen.label_smoothing=0.1"], "val_log_loss"),
    ],
)
def test_mistake_is_told_without_a_traceback(arguments, told, tmp_path):
    ended = emotion_tl(*arguments, cwd=tmp_path)
    assert ended.returncode != 0
    assert told in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr


def test_failed_job_does_not_stop_the_others(sweep, folder):
    assert sweep.returncode == 1
    assert "1 finished, 1 failed" in sweep.stdout
    assert "Job 1 failed: " in sweep.stdout
    metrics = json.loads((folder / "sweep" / "0-baseline_cnn" / "metrics.json").read_text())
    assert 0 <= metrics["test"]["official"]["accuracy"] <= 1
    assert "Traceback" not in sweep.stderr


def test_repeated_sweep_tries_only_what_failed(sweep, folder):
    again = run_sweep(folder, "sweep_again", "sweep.rerun=failed")
    assert "1 finished before, 1 failed" in again.stdout
    assert [file.parent.name for file in (folder / "sweep_again").rglob("run.log")] == ["1-baseline_cnn"]


def test_jobs_stand_below_one_run_in_mlflow(sweep, folder):
    run_sweep(folder, "sweep_without_failed", "sweep.rerun=none")
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    runs = mlflow.search_runs(search_all_experiments=True, output_format="list")
    (parent,) = (run for run in runs if "parent_key" in run.data.tags)
    assert parent.info.status == "FAILED"
    assert parent.data.tags["sweep"] == "schedule.phases.from_scratch.learning_rate"
    assert parent.data.metrics["num_failed_jobs"] == 1
    children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert len(children) == len(runs) - 1


def test_jobs_of_an_earlier_start_in_the_same_folder_are_not_told_again(folder):
    """The jobs fail before they train."""

    def start(*seeds: int) -> str:
        tiny = [*tiny_overrides(folder / "nowhere", folder), *BASELINE, "tracking.experiment_name=starts"]
        swept = f"seed={','.join(map(str, seeds))}"
        ended = emotion_tl("-m", *tiny, swept, "sweep.name=starts", "hydra.sweep.dir=starts", cwd=folder)
        assert ended.returncode == 1
        assert "tags.start" not in ended.stdout
        return ended.stdout

    assert "3 failed" in start(0, 1, 7)
    again = start(7, 0)
    assert "2 failed" in again
    assert "seed=1" not in again
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    runs = mlflow.search_runs(experiment_names=["starts"], output_format="list")
    jobs = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    assert sorted(Counter(run.data.tags["start"] for run in jobs).values()) == [2, 3]


def test_sweep_over_data_sets_stands_in_the_experiment_of_the_first(folder):
    """Neither is told where its images are."""
    tiny = [*tiny_overrides(folder / "nowhere", folder)[3:], *BASELINE]
    ended = emotion_tl("-m", *tiny, "data=image_folder,csv", cwd=folder)
    assert "2 failed" in ended.stdout
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    (parent,) = (
        run
        for run in mlflow.search_runs(experiment_names=["image_folder"], output_format="list")
        if "parent_key" in run.data.tags
    )
    assert parent.data.tags["sweep"] == "data"


def test_sweep_in_an_experiment_that_was_deleted_does_not_start(folder):
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    mlflow.delete_experiment(mlflow.create_experiment("deleted"))
    tiny = [*tiny_overrides(folder / "nowhere", folder), *BASELINE, "tracking.experiment_name=deleted"]
    ended = emotion_tl("-m", *tiny, "seed=0,1", cwd=folder)
    assert ended.returncode == 1
    assert "deleted was deleted. Restore it with" in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr
    assert "Job 0" not in ended.stderr


def test_run_tells_what_it_found(sweep):
    for text in ("balanced accuracy", "Recall on test", "chosen on val", "mlflow ui --backend-store-uri"):
        assert text in sweep.stdout
    # Without a terminal, one plain line an epoch.
    assert "epoch 1/2" in sweep.stdout
    assert "\x1b[" not in sweep.stdout


def test_clean_cache_removes_activations_and_keeps_images(tmp_path):
    # Square brackets in a path are no markup.
    cache = tmp_path / "[/]"
    entry = cache / "activations" / ("0" * 32)
    entry.mkdir(parents=True)
    (entry / "array.npy").write_bytes(bytes(3_000_000))
    store = cache / "stores" / "images.npy"
    store.parent.mkdir()
    store.touch()
    done = emotion_tl("clean_cache", "cache_dir='[/]'", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "3 MB of activations from [/]." in done.stderr
    assert not entry.exists()
    assert store.exists()


def test_audit_tells_what_it_found_and_writes_a_report(folder):
    data = [text for text in tiny_overrides(folder / "faces", folder) if text.startswith(("data", "cache_dir"))]
    done = emotion_tl("audit", *data, "backbone=simple_cnn", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "Report: outputs/bars/audit/audit.html" in done.stdout
    assert (folder / "outputs" / "bars" / "audit" / "audit.html").is_file()
    assert json.loads((folder / "outputs" / "bars" / "audit" / "audit.json").read_text())["num_images"] == 120


def test_compare_puts_finished_runs_side_by_side(sweep, folder):
    report = folder / "comparison" / "report.html"
    compared = emotion_tl(
        "compare", f"tracking.uri=sqlite:///{folder / 'mlflow.db'}", f"output_dir={report.parent}", cwd=folder
    )
    assert compared.returncode == 0, compared.stderr
    assert "baseline_cnn-block2_pool-from_scratch" in compared.stdout
    assert f"Report: {report}" in compared.stdout
    assert "In short" in report.read_text()
    # The diverged run is no finished one.
    assert len(pd.read_csv(report.parent / "models.csv")) == 1


def test_predict_reports_a_bad_file_and_goes_on(sweep, folder):
    faces = folder / "new"
    write_faces(faces, num_images=2)
    (faces / "angry" / "broken.jpg").write_bytes(b"no image")
    predicted = emotion_tl("predict", "model=sweep/0-baseline_cnn", f"images={faces}", "output=jsonl", cwd=folder)
    assert predicted.returncode == 0, predicted.stderr
    rows = [json.loads(line) for line in predicted.stdout.splitlines()]
    assert len(rows) == 7
    bad = [row for row in rows if row["error"]]
    assert [Path(row["image"]).name for row in bad] == ["broken.jpg"]
    good = [row for row in rows if not row["error"]]
    assert all(row["predicted"] in ("angry", "happy", "sad") for row in good)
    for row in good:
        assert sum(value for key, value in row.items() if key.startswith("probability_")) == pytest.approx(1, abs=1e-4)
