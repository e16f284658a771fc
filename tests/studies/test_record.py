"""What a study keeps over its starts."""

from dataclasses import replace

import pytest

from emotion_tl.config import TrackingConfig
from emotion_tl.errors import ModelNotFoundError
from emotion_tl.studies.plan import plan_jobs
from emotion_tl.studies.record import StudyRuns, merge_rows, read_study, rows_of, write_study
from emotion_tl.studies.summary import study_table
from emotion_tl.study_config import GridConfig
from emotion_tl.sweeps.outcome import FAILED, REUSED
from emotion_tl.tracking.parent_run import close_parent_run, open_parent_run
from tests.studies.examples import ended, fractions, make_jobs, make_study


def rows(jobs):
    return rows_of(jobs, [ended(job) for job in jobs])


def test_jobs_that_have_not_ended_have_no_row():
    jobs = make_jobs()
    found = rows_of(jobs, [ended(jobs[2]), ended(jobs[0])])
    assert [(row.arm, row.seed, row.run_id) for row in found] == [
        ("transfer", 0, "run of transfer, seed 0"),
        ("transfer", 1, "run of transfer, seed 1"),
    ]


def test_extended_study_keeps_the_rows_of_its_earlier_starts():
    merged = merge_rows(rows(make_jobs(seeds=[0])), rows(make_jobs(seeds=[1])))
    assert [(row.arm, row.seed) for row in merged] == [
        ("transfer", 0),
        ("scratch", 0),
        ("transfer", 1),
        ("scratch", 1),
    ]


def test_job_that_ended_again_takes_the_place_of_its_row():
    jobs = make_jobs(seeds=[0])
    before = rows_of(jobs, [ended(job, FAILED, None) for job in jobs])
    merged = merge_rows(before, rows_of(jobs, [ended(jobs[0], REUSED)]))
    assert [(row.arm, row.outcome.status) for row in merged] == [("scratch", FAILED), ("transfer", REUSED)]


def test_rows_of_an_arm_with_other_settings_are_left_out():
    before = rows(make_jobs(seeds=[0, 1]))
    now = rows(make_jobs(arms={"transfer": {"backbone": "vgg16"}, "scratch": {"backbone": "baseline_cnn"}}, seeds=[0]))
    assert [(row.arm, row.seed) for row in merge_rows(before, now)] == [("scratch", 1), ("transfer", 0), ("scratch", 0)]


@pytest.mark.parametrize("key", ["data.path", "data.person_pattern"])
def test_rows_of_an_arm_with_images_of_its_own_are_left_out_once_it_has_others(key):
    def on(images):
        return {"transfer": {"backbone": "vgg16", key: images}, "scratch": {"backbone": "baseline_cnn"}}

    merged = merge_rows(rows(make_jobs(arms=on("old"), seeds=[0, 1])), rows(make_jobs(arms=on("new"), seeds=[0])))
    assert [(row.arm, row.seed) for row in merged] == [("scratch", 1), ("transfer", 0), ("scratch", 0)]


def test_rows_of_an_arm_that_was_left_out_stay():
    now = rows(make_jobs(arms={"scratch": {"backbone": "baseline_cnn"}}, seeds=[0]))
    assert [row.arm for row in merge_rows(rows(make_jobs(seeds=[0])), now)] == ["transfer", "scratch"]


@pytest.mark.parametrize(
    "override", ["sweep.rerun=all", "cache_dir=/elsewhere", "tracking.log_model=false", "trainer.require_gpu=true"]
)
def test_earlier_rows_stay_where_what_is_new_changes_no_result(override):
    now = rows(plan_jobs(make_study(seeds=[0]), [override], {}))
    merged = merge_rows(rows(make_jobs(seeds=[0, 1])), now)
    assert [(row.arm, row.seed) for row in merged] == [
        ("transfer", 1),
        ("scratch", 1),
        ("transfer", 0),
        ("scratch", 0),
    ]


def rows_on(images: str | None, **changes):
    """Returns the rows of a study whose runs were on these images."""
    jobs = make_jobs(**changes)
    return rows_of(jobs, [ended(job, dataset_fingerprint=images) for job in jobs])


def test_no_row_on_the_images_of_before_is_kept():
    before = rows_on("old", seeds=[0, 1])
    now = rows_on("new", arms={"scratch": {"backbone": "baseline_cnn"}}, seeds=[0])
    assert merge_rows(before, now) == now
    assert len(merge_rows(before, rows_on("old", seeds=[2]))) == 6


def test_other_settings_of_the_data_make_other_images_without_a_change():
    before = rows_on("a tenth", grid={"part": GridConfig("data.train_fraction", [0.1])}, seeds=[0])
    now = rows_on("all", grid={"part": GridConfig("data.train_fraction", [1.0])}, seeds=[0])
    assert merge_rows(before, now) == [*before, *now]


@pytest.mark.parametrize(("before", "now"), [(None, "new"), ("old", None)])
def test_rows_whose_images_are_not_known_stay(before, now):
    assert len(merge_rows(rows_on(before, seeds=[0]), rows_on(now, seeds=[1]))) == 4


def test_table_has_a_row_a_job_with_the_values_of_the_grid():
    runs = StudyRuns("tiny", "scratch", "parent", rows(make_jobs(grid=fractions(), seeds=[0])))
    table = study_table(runs)
    assert table["arm"].tolist() == ["transfer", "scratch", "transfer", "scratch"]
    assert table["data.train_fraction"].tolist() == [0.1, 0.1, 1.0, 1.0]
    assert table["minutes"].tolist() == [1.0] * 4


@pytest.fixture(scope="module")
def tracking(tmp_path_factory):
    return TrackingConfig(uri=f"sqlite:///{tmp_path_factory.mktemp('record') / 'mlflow.db'}")


def log_study(tracking, name: str, key: str, seeds: list[int]) -> StudyRuns:
    run_id = open_parent_run(tracking, "faces", name, key, {"study": name})
    study = StudyRuns(name, "scratch", run_id, rows(make_jobs(grid=fractions(), seeds=seeds)))
    write_study(study)
    close_parent_run(run_id, "FINISHED", {})
    return study


def test_study_is_found_by_its_name_and_of_several_the_last(tracking):
    log_study(tracking, "tiny", "first", [0])
    last = log_study(tracking, "tiny", "second", [0, 1])
    log_study(tracking, "other", "third", [0])
    assert read_study(tracking, "tiny") == last


def test_unknown_study_is_answered_with_those_there_are(tracking):
    log_study(tracking, "known", "fourth", [0])
    with pytest.raises(ModelNotFoundError, match=r"known.*Received: unknown"):
        read_study(tracking, "unknown")


def test_failed_rows_are_not_finished():
    jobs = make_jobs(seeds=[0])
    outcomes = [ended(jobs[0]), replace(ended(jobs[1], FAILED), reason="why")]
    runs = StudyRuns("tiny", "scratch", "parent", rows_of(jobs, outcomes))
    assert [row.arm for row in runs.finished()] == ["transfer"]
