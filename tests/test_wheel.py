"""The wheel: complete, and usable from an empty folder."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.runs import BASELINE, TWO_EPOCHS, tiny_overrides, write_faces

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with nothing but the unpacked wheel, to be put on the path."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder), str(REPOSITORY)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run_installed(site: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the console script's function, with the wheel on the path and not the checkout."""
    environment = {**os.environ, "PYTHONPATH": str(site)}
    code = "from emotion_tl.cli.main import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_wheel_holds_the_configuration_and_no_tests(site):
    assert (site / "emotion_tl" / "conf" / "backbone" / "inceptionv3.yaml").is_file()
    assert {path.name.split("-")[0] for path in site.iterdir()} == {"emotion_tl", "hydra_plugins"}
    (entry_points,) = site.glob("*.dist-info/entry_points.txt")
    assert "emotion-tl = emotion_tl.cli.main:main" in entry_points.read_text()


def test_help_and_training_work_from_an_empty_folder(site, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    shown = run_installed(site, empty, "--help")
    assert shown.returncode == 0, shown.stderr
    assert "inceptionv3" in shown.stdout
    overrides = tiny_overrides(write_faces(tmp_path / "faces"), tmp_path)
    trained = run_installed(site, empty, *overrides, *BASELINE, *TWO_EPOCHS, "hydra.run.dir=run")
    assert trained.returncode == 0, trained.stderr
    assert "test" in json.loads((empty / "run" / "metrics.json").read_text())
