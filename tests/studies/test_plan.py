"""Arms, grid and seeds as jobs."""

from emotion_tl.override_text import shared_overrides
from emotion_tl.studies.plan import own_overrides, plan_jobs
from emotion_tl.study_config import GridConfig
from tests.studies.examples import fractions, make_jobs, make_study


def test_first_seed_of_all_arms_comes_before_the_second_of_any():
    assert [(job.number, job.arm, job.seed) for job in make_jobs()] == [
        (0, "transfer", 0),
        (1, "scratch", 0),
        (2, "transfer", 1),
        (3, "scratch", 1),
    ]


def test_job_is_what_its_arm_says_with_its_seed():
    assert make_jobs()[2].overrides == ["backbone=inceptionv3", "schedule=frozen_only", "seed=1"]


def test_every_arm_is_multiplied_with_the_grid():
    jobs = make_jobs(grid=fractions(), seeds=[0])
    assert [job.label for job in jobs] == [
        "transfer, data.train_fraction=0.1, seed 0",
        "scratch, data.train_fraction=0.1, seed 0",
        "transfer, data.train_fraction=1.0, seed 0",
        "scratch, data.train_fraction=1.0, seed 0",
    ]
    assert jobs[1].settings == {"data.train_fraction": 0.1}
    assert "data.train_fraction=0.1" in jobs[1].overrides


def test_grid_of_some_arms_leaves_the_others_alone():
    jobs = make_jobs(grid=fractions(["transfer"]), seeds=[0])
    assert [job.variant for job in jobs] == [
        "transfer, data.train_fraction=0.1",
        "scratch",
        "transfer, data.train_fraction=1.0",
    ]


def test_two_entries_of_the_grid_are_multiplied():
    grid = fractions() | {"rare": GridConfig("imbalance", ["none", "focal", "oversample"])}
    jobs = make_jobs(grid=grid)
    assert len(jobs) == 2 * 2 * 3 * 2
    assert len({tuple(job.overrides) for job in jobs}) == len(jobs)


def test_values_of_the_user_take_the_place_of_seeds_and_choices_and_multiply_otherwise():
    study = make_study(grid=fractions())
    jobs = plan_jobs(study, [], {"seed": [7], "data.train_fraction": [0.5], "head.dropout": [0.2, 0.4]})
    assert [job.label for job in jobs] == [
        "transfer, data.train_fraction=0.5, head.dropout=0.2, seed 7",
        "scratch, data.train_fraction=0.5, head.dropout=0.2, seed 7",
        "transfer, data.train_fraction=0.5, head.dropout=0.4, seed 7",
        "scratch, data.train_fraction=0.5, head.dropout=0.4, seed 7",
    ]


def test_arms_win_over_what_all_share_and_the_user_over_both():
    study = make_study(settings={"schedule": "full", "data": "fer2013", "head.dropout": 0.5}, seeds=[0])
    transfer, scratch = plan_jobs(study, ["data=image_folder"], {})
    assert set(transfer.overrides) == {
        "head.dropout=0.5",
        "backbone=inceptionv3",
        "schedule=frozen_only",
        "data=image_folder",
        "seed=0",
    }
    assert "schedule=full" in scratch.overrides


def test_values_are_written_as_hydra_reads_them():
    arm = {"backbone.weights": None, "head.units": [256, 128], "~schedule.phases.unfrozen": None, "+x": "two words"}
    (job,) = make_jobs(arms={"scratch": arm}, seeds=[0])
    assert job.overrides == [
        "backbone.weights=null",
        "head.units=[256,128]",
        "~schedule.phases.unfrozen",
        "+x='two words'",
        "seed=0",
    ]


def test_what_all_jobs_share_is_told_apart_from_what_makes_an_arm():
    jobs = make_jobs(settings={"data": "fer2013"})
    assert shared_overrides([job.overrides for job in jobs]) == ["data=fer2013"]
    assert own_overrides(jobs[3], jobs) == ["backbone=baseline_cnn"]
