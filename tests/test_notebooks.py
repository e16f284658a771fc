"""The notebooks run from top to bottom, each in a kernel of its own."""

import os
import re
from functools import cache
from pathlib import Path
from typing import Any

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
    """A folder like that of the repository, with three runs in its MLflow store and in outputs: of two models."""
    folder = tmp_path_factory.mktemp("repository")
    tiny = [*tiny_overrides(write_faces(folder / "faces"), folder), *BASELINE, "tracking.log_model=false"]
    for number, override in enumerate(["seed=0", "seed=1", "data.train_fraction=0.5"]):
        config = compose_config([*tiny, "schedule.phases.from_scratch.epochs=1", override])
        run_experiment(config, folder / "outputs" / f"run{number}")
    (folder / "notebooks").mkdir()
    return folder


@cache
def execute(notebook: Path, folder: Path) -> list[dict[str, Any]]:
    """Returns what the cells of a notebook show, by the type of the content."""
    with pytest.MonkeyPatch.context() as patch:
        # Nothing of the user's own is read or written.
        for variable in ("HOME", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(variable, str(folder / "home"))
        patch.setenv("EMOTION_TL_CACHE", str(folder / "cache"))
        patch.setenv("PYTHONPATH", str(REPOSITORY), prepend=os.pathsep)
        place = {"metadata": {"path": str(folder / "notebooks")}}
        cells = nbformat.read(notebook, as_version=4)
        ran = NotebookClient(cells, timeout=LIMIT_SECONDS, kernel_name="python3", resources=place).execute()
    return [output.get("data", {}) for cell in ran.cells if cell.cell_type == "code" for output in cell.outputs]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(notebook, folder):
    figures = [data for data in execute(notebook, folder) if data.get("text/plain", "").startswith("<Figure")]
    assert figures
    assert all("image/png" in data for data in figures)


def test_runs_are_pooled_that_differ_in_their_seed_alone(folder):
    shown = execute(REPOSITORY / "notebooks" / "2_compare_runs.ipynb", folder)
    assert "(3, 2)" in [data.get("text/plain") for data in shown]
    over_seeds = next(data["text/html"] for data in shown if "lowest" in data.get("text/html", ""))
    model = "baseline_cnn-block2_pool-from_scratch"
    counts = dict(re.findall(r">([^<>]+)</th>\s*<td[^>]*>(\d)</td>", over_seeds))
    assert counts == {model: "2", f"{model}, train_fraction=0.5": "1"}


def test_notebooks_are_kept_without_outputs():
    for notebook in NOTEBOOKS:
        cells = nbformat.read(notebook, as_version=4).cells
        assert not any(cell.get("outputs") for cell in cells), notebook.name
