"""How far a study is, and how long the rest takes."""

from rich.console import Console

from emotion_tl.studies.preview import describe_plan, preview
from emotion_tl.studies.progress import Progress, describe_progress
from emotion_tl.studies.record import StudyRuns, rows_of
from emotion_tl.studies.summary import study_report
from emotion_tl.sweeps.outcome import FAILED, REUSED
from tests.studies.examples import ended, make_jobs

JOBS = make_jobs()


def told(report) -> str:
    console = Console(width=100, highlight=False)
    with console.capture() as capture:
        console.print(report)
    return capture.get()


def row_of(text: str, arm: str) -> str:
    return next(line for line in text.splitlines() if line.strip().startswith(arm))


def test_a_job_is_expected_to_take_as_long_as_its_arm_did():
    outcomes = [ended(JOBS[0], total_seconds=100.0), ended(JOBS[1], total_seconds=1000.0)]
    assert Progress(JOBS, [], outcomes).seconds_left() == 1100
    assert Progress(JOBS, [], [*outcomes, ended(JOBS[2], total_seconds=300.0)]).seconds_left() == 1000


def test_an_arm_without_a_run_is_expected_to_take_as_long_as_the_others():
    assert Progress(JOBS, [], [ended(JOBS[0], total_seconds=100.0)]).seconds_left() == 300


def test_failed_jobs_say_nothing_of_the_time():
    failed = ended(JOBS[0], FAILED, None, total_seconds=1.0)
    assert Progress(JOBS, [], [failed]).seconds_left() is None
    assert Progress(JOBS, [failed]).seconds_left() is None


def test_what_earlier_runs_stand_for_counts_as_ended_before_its_turn_comes():
    progress = Progress(JOBS, [ended(JOBS[3], REUSED)], [ended(JOBS[0]), ended(JOBS[1], FAILED, None)])
    assert [job.number for job in progress.left] == [2]
    line = describe_progress(progress, in_turn=True)
    assert line == "1 finished, 1 finished before, 1 failed, 1 to go, about 60 s"
    # With several at once, the time left is shorter than what is to be computed.
    assert describe_progress(progress, in_turn=False).endswith("60 s of computing")


def test_job_that_was_taken_from_an_earlier_run_counts_once():
    found = ended(JOBS[0], REUSED)
    assert describe_progress(Progress(JOBS, [found], [found]), True).startswith(
        "0 finished, 1 finished before, 3 to go"
    )


def test_preview_tells_for_each_arm_and_seed_what_would_run():
    progress = Progress(JOBS, [ended(JOBS[0], REUSED)])
    text = told(preview("tiny", progress, "images: mine, /faces"))
    assert describe_plan(progress) == "1 finished before, 3 to run, about 3.0 min of computing"
    assert "Study tiny: 1 finished before, 3 to run" in text
    assert "images: mine, /faces" in text
    assert row_of(text, "transfer ").split() == ["transfer", "finished,", "60", "s", "to", "run,", "~60", "s"]
    assert row_of(text, "scratch ").count("to run, ~60 s") == 2
    assert "transfer: backbone=inceptionv3 schedule=frozen_only" in text


def test_report_has_means_over_the_seeds_with_the_best_arm_first():
    accuracies = [0.5, 0.7, 0.6, 0.9]
    rows = rows_of(JOBS, [ended(job, accuracy=value) for job, value in zip(JOBS, accuracies, strict=True)])
    text = told(study_report(StudyRuns("tiny", "scratch", "parent", rows), rows))
    assert row_of(text, "scratch (baseline)").split()[2:] == ["80.0", "(70.0–90.0)"] * 2 + ["2", "60", "s"]
    assert row_of(text, "transfer").split()[1:3] == ["55.0", "(50.0–60.0)"]
    assert text.index("scratch (baseline)") < text.index("transfer")
    assert "4 finished" in text


def test_report_tells_of_an_arm_that_failed_and_why():
    outcomes = [ended(JOBS[0]), ended(JOBS[1], FAILED, None, reason="too [large\nsecond line")]
    rows = rows_of(JOBS, outcomes)
    text = told(study_report(StudyRuns("tiny [old]", "scratch", "parent", rows), rows))
    assert "Study tiny [old], val figures" in text
    assert "0 of 1" in row_of(text, "scratch (baseline)")
    assert "scratch, seed 0 failed: too [large" in text
    assert "second line" not in text
    assert "1 finished, 1 failed" in text
