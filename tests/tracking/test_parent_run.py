"""What the jobs of a sweep leave in its run, read back."""

from pathlib import Path

import mlflow
import pandas as pd
import pytest

from emotion_tl.config import TrackingConfig
from emotion_tl.errors import ConfigurationError
from emotion_tl.tracking.parent_run import (
    closed_at_the_end,
    log_file,
    log_record,
    log_table,
    open_parent_run,
    read_record,
    read_records,
)


@pytest.fixture
def run_id(tmp_path):
    return open_parent_run(TrackingConfig(uri=f"sqlite:///{tmp_path / 'mlflow.db'}"), "faces", "sweep", "key")


def test_records_come_back_in_the_order_of_their_names(run_id):
    for number in (2, 0, 1):
        log_record(run_id, {"number": number}, f"jobs/start/{number:05d}.json")
    assert [record["number"] for record in read_records(run_id, "jobs/start")] == [0, 1, 2]


def test_folder_that_nothing_was_logged_to_has_none(run_id):
    assert read_records(run_id, "jobs/start") == []


def test_records_that_cannot_be_read_are_not_taken_for_none(run_id):
    """As where the store has lost the run, or does not answer."""
    with pytest.raises(ConfigurationError, match=f"tracking.uri: the MLflow store .* cannot be used .*{'0' * 32}"):
        read_records("0" * 32, "jobs/start")


@pytest.mark.parametrize(
    "use",
    [
        lambda lost: log_record(lost, {}, "record.json"),
        lambda lost: read_record(lost, "record.json"),
        lambda lost: log_file(lost, Path(__file__)),
        lambda lost: log_table(lost, pd.DataFrame(), "table"),
    ],
)
def test_store_that_has_lost_the_run_is_told(run_id, use):
    with pytest.raises(ConfigurationError, match=r"tracking.uri: the MLflow store .* cannot be used"):
        use(f"not {run_id}")


def test_place_for_passing_files_is_no_matter_of_the_store(run_id, monkeypatch):
    def refuse():
        raise PermissionError("/tmp")

    monkeypatch.setattr("emotion_tl.tracking.parent_run.TemporaryDirectory", refuse)
    with pytest.raises(PermissionError):
        read_records(run_id, "jobs/start")


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt(), "KILLED"), (ValueError("first"), "FAILED")])
def test_run_ends_as_what_it_stands_for(run_id, error, status):
    with pytest.raises(type(error)), closed_at_the_end(run_id):
        raise error
    assert mlflow.get_run(run_id).info.status == status
    with closed_at_the_end(run_id) as ending:
        ending.metrics = {"num_jobs": 2}
    assert mlflow.get_run(run_id).info.status == "FINISHED"
    assert mlflow.get_run(run_id).data.metrics == {"num_jobs": 2}


def test_what_mlflow_says_at_the_end_takes_the_place_of_no_other_reason(run_id, caplog):
    with pytest.raises(ValueError, match="first"), closed_at_the_end(f"not {run_id}"):
        raise ValueError("first")
    with closed_at_the_end(f"not {run_id}") as ending:
        ending.status = "KILLED"
    assert [record.args[0] for record in caplog.records] == ["FAILED", "KILLED"]
    with pytest.raises(ConfigurationError, match="cannot be used"), closed_at_the_end(f"not {run_id}"):
        pass
