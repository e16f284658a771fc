"""Where runs are kept."""

import mlflow
import pytest

from emotion_tl.config import TrackingConfig
from emotion_tl.tracking.run import track_run


@pytest.mark.parametrize("is_relative", [False, True], ids=["absolute", "relative"])
def test_artifacts_lie_beside_the_database_and_nowhere_else(tmp_path, monkeypatch, is_relative):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "metrics.json").write_text("{}")
    uri = "sqlite:///store/mlflow.db" if is_relative else f"sqlite:///{tmp_path / 'store' / 'mlflow.db'}"
    with track_run(TrackingConfig(uri=uri), "faces", "run", folder) as run:
        pass
    logged = sorted(path.name for path in (tmp_path / "store" / "mlartifacts").rglob("*.json"))
    assert logged == ["metrics.json", "mlflow_run.json"]
    assert mlflow.artifacts.load_text(f"runs:/{run.run_id}/metrics.json") == "{}"
