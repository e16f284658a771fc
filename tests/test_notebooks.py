"""The notebooks run from top to bottom, each in a kernel of its own."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from emotion_tl.experiment import run_experiment
from tests.runs import BASELINE, compose_config, tiny_overrides, write_faces

REPOSITORY = Path(__file__).parent.parent
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
# For each cell, the start of the kernel included.
LIMIT_SECONDS = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder like that of the repository, with two runs in its MLflow store and in outputs."""
    folder = tmp_path_factory.mktemp("repository")
    tiny = [*tiny_overrides(write_faces(folder / "faces"), folder), *BASELINE, "tracking.log_model=false"]
    for seed in (0, 1):
        config = compose_config([*tiny, "schedule.phases.from_scratch.epochs=1", f"seed={seed}"])
        run_experiment(config, folder / "outputs" / f"run{seed}")
    (folder / "notebooks").mkdir()
    return folder


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(notebook, folder, monkeypatch):
    # Nothing of the user's own is read or written.
    for variable in ("HOME", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(variable, str(folder / "home"))
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY), prepend=os.pathsep)
    place = {"metadata": {"path": str(folder / "notebooks")}}
    cells = nbformat.read(notebook, as_version=4)
    ran = NotebookClient(cells, timeout=LIMIT_SECONDS, kernel_name="python3", resources=place).execute()
    shown = [output.get("data", {}) for cell in ran.cells if cell.cell_type == "code" for output in cell.outputs]
    figures = [data for data in shown if data.get("text/plain", "").startswith("<Figure")]
    assert figures
    assert all("image/png" in data for data in figures)


def test_notebooks_are_kept_without_outputs():
    for notebook in NOTEBOOKS:
        cells = nbformat.read(notebook, as_version=4).cells
        assert not any(cell.get("outputs") for cell in cells), notebook.name
