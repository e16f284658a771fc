"""The programs in benchmarks/: their arguments, how they keep results, and the figures of their tables."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from zipfile import ZipFile

import pytest

from benchmarks.fer2013_folder import count_images, extract
from benchmarks.measuring import Measures, ResultFile, measure_in_turns
from benchmarks.processes import REPOSITORY, ProgramFailedError, run_program, run_together
from benchmarks.training_runs import quoted

PROGRAMS = (
    "frozen_phase",
    "last_blocks",
    "full_finetuning",
    "gpu_throughput",
    "data_pipeline",
    "fastai_fine_tune",
    "scaling",
    "head_trials",
    "head_search",
)
WITHOUT_WEIGHTS = {"gpu_throughput", "fastai_fine_tune"}


@pytest.fixture
def archive(tmp_path) -> Path:
    """An archive laid out as FER-2013's, 80 training images of one class and 16 of another; no real images in it."""
    path = tmp_path / "faces.zip"
    with ZipFile(path, "w") as opened:
        for class_name, count in (("happy", 80), ("disgust", 16)):
            for number in range(count):
                opened.writestr(f"fer2013/train/{class_name}/Training_{number}.jpg", f"{class_name} {number}")
            for number in range(count // 8):
                opened.writestr(f"fer2013/test/{class_name}/PublicTest_{number}.jpg", "val")
                opened.writestr(f"fer2013/test/{class_name}/PrivateTest_{number}.jpg", "test")
    return path


@pytest.fixture(params=PROGRAMS)
def program(request) -> ModuleType:
    return importlib.import_module(f"benchmarks.{request.param}")


def parse(program: ModuleType, archive: Path, *more: str):
    name = program.__name__.removeprefix("benchmarks.")
    weights = [] if name in WITHOUT_WEIGHTS else ["--weights", "none"]
    environment = ["--environment", "env"] if name == "fastai_fine_tune" else []
    return program.build_parser().parse_args(["--data", str(archive), *weights, *environment, *more])


# === Arguments ===


def test_every_program_has_its_defaults_and_a_result_file_of_its_name(program, archive):
    arguments = parse(program, archive)
    assert arguments.repeats == 3
    assert arguments.output.stem == program.__name__.removeprefix("benchmarks.")


@pytest.mark.parametrize("wrong", [("--repeats", "0"), ("--epochs", "many"), ("--data", "nowhere.zip")])
def test_a_wrong_argument_ends_a_program(program, archive, wrong):
    with pytest.raises(SystemExit) as ended:
        parse(program, archive, *wrong)
    assert ended.value.code == 2


def test_the_settings_of_a_result_name_no_folder(program, archive):
    from benchmarks.arguments import settings_of

    settings = settings_of(parse(program, archive, "--num-images", "0"))
    assert str(archive.parent) not in json.dumps({name: str(value) for name, value in settings.items()})
    assert settings["num_images"] == "all"


def test_a_program_imports_nothing_heavy(program):
    heavy = {"keras", "tensorflow", "pandas", "matplotlib"}
    code = f"import sys, {program.__name__}; print(*({heavy!r} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_paths_with_any_character_reach_hydra_whole():
    from hydra.core.override_parser.overrides_parser import OverridesParser

    path = "/data/it's, a=b/{c} [d]/e.zip"
    parsed = OverridesParser.create().parse_override(f"data.path={quoted(path)}")
    assert parsed.value() == path


# === Images ===


def test_the_archive_is_split_by_file_name(archive, tmp_path):
    folder = extract(archive, tmp_path)
    assert {split: count_images(folder, split) for split in ("train", "val", "test")} == {
        "train": 96,
        "val": 12,
        "test": 12,
    }
    assert (folder / "train" / "happy" / "Training_3.jpg").read_text() == "happy 3"


def test_a_part_keeps_the_proportions_and_every_class(archive, tmp_path):
    folder = extract(archive, tmp_path, num_images=24)
    assert len(list((folder / "train" / "happy").iterdir())) == 20
    assert len(list((folder / "train" / "disgust").iterdir())) == 4
    assert {path.name for path in (folder / "test").iterdir()} == {"happy", "disgust"}


# === Measuring ===


def test_a_program_is_measured_from_outside(tmp_path):
    code = "import time; x = bytearray(80 << 20); print('first'); time.sleep(0.3); print('epoch 1/1')"
    run = run_program([sys.executable, "-c", code], tmp_path)
    assert [line for _, line in run.lines] == ["first", "epoch 1/1"]
    assert run.lines[1][0] - run.lines[0][0] > 0.2
    assert run.wall_seconds >= run.lines[1][0]


def test_memory_is_that_of_the_measured_program(tmp_path):
    # From a small process, as benchmarks are: Linux starts the count of a child at the memory of its parent.
    code = (
        "import sys; from pathlib import Path; from benchmarks.processes import run_program\n"
        "run = run_program([sys.executable, '-c', 'x = bytearray(80 << 20)'], Path.cwd()); print(run.peak_memory_mib)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert 80 < float(done.stdout) < 160


def test_a_program_that_fails_is_told_with_its_last_lines(tmp_path):
    with pytest.raises(ProgramFailedError, match=r"(?s)received 3.*no such thing"):
        run_program([sys.executable, "-c", "print('no such thing'); raise SystemExit(3)"], tmp_path)


def test_when_one_of_several_fails_none_is_left(tmp_path):
    waiting = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)"
    failing = "import os, time\nwhile not os.path.exists('pid'): time.sleep(0.01)\nraise SystemExit(1)"
    with pytest.raises(ProgramFailedError):
        run_together([[sys.executable, "-c", failing], [sys.executable, "-c", waiting]], tmp_path)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def sum_of_values(runs: list[Measures], settings: dict) -> list[dict]:
    return [{"what": settings["unit"], "sum": sum(run["value"] for run in runs)}]


def test_sides_take_turns_and_an_interrupted_benchmark_goes_on(tmp_path):
    path, order = tmp_path / "result.json", []

    def side(name: str, fails_at: int | None = None):
        def measure() -> Measures:
            order.append(name)
            if len(order) == fails_at:
                raise KeyboardInterrupt
            return {"value": float(len(order))}

        return measure

    def results() -> ResultFile:
        return ResultFile(path, "example", {"unit": "s"}, sum_of_values)

    with pytest.raises(KeyboardInterrupt):
        measure_in_turns(results(), {"ours": side("ours", fails_at=3), "peer": side("peer")}, repeats=2)
    measure_in_turns(results(), {"ours": side("ours"), "peer": side("peer")}, repeats=2)

    assert order == ["ours", "peer", "ours", "ours", "peer"]
    kept = json.loads(path.read_text())
    assert [(run["side"], run["repeat"], run["value"]) for run in kept["runs"]] == [
        ("ours", 0, 1.0),
        ("peer", 0, 2.0),
        ("ours", 1, 4.0),
        ("peer", 1, 5.0),
    ]
    assert kept["summary"] == [{"what": "s", "sum": 12.0}]


def test_results_of_other_settings_are_not_mixed(tmp_path):
    ResultFile(tmp_path / "result.json", "example", {"epochs": 3}, lambda *_: []).write()
    with pytest.raises(SystemExit, match="results of another settings"):
        ResultFile(tmp_path / "result.json", "example", {"epochs": 10}, lambda *_: [])
