"""What is told at the end of a sweep."""

from rich.console import Console

from emotion_tl.sweeps.outcome import FAILED, FINISHED, REUSED, JobOutcome
from emotion_tl.sweeps.summary import outcomes_report, outcomes_table

OUTCOMES = [
    JobOutcome(0, ["seed=0", "data=a"], FINISHED, "r0", "first", 0.61, 0.55, 90.0),
    JobOutcome(1, ["seed=1", "data=a"], REUSED, "r1", "second", 0.72, 0.60, 60.0),
    JobOutcome(2, ["seed=2", "data=a"], FAILED, "r2", reason="too [large\nsecond line"),
]


def told(outcomes) -> str:
    console = Console(width=100, highlight=False)
    with console.capture() as capture:
        console.print(outcomes_report(outcomes))
    return capture.get()


def test_best_comes_first_and_failed_last():
    text = told(OUTCOMES)
    assert text.index("seed=1") < text.index("seed=0") < text.index("seed=2")
    assert "72.0" in text
    assert "1.5" in text


def test_reasons_are_told_in_one_line():
    text = told(OUTCOMES)
    assert "Job 2 failed: too [large" in text
    assert "second line" not in text


def test_reason_of_several_jobs_is_told_once():
    failed = [JobOutcome(number, [f"seed={number}"], FAILED, reason=reason) for number, reason in enumerate("aba")]
    text = told(failed)
    assert "Job 0; Job 2 failed: a" in text
    assert "Job 1 failed: b" in text


def test_what_all_jobs_share_stands_once():
    assert told(OUTCOMES).count("data=a") == 1
    # One job shares nothing with others.
    assert "seed=0" in told(OUTCOMES[:1])


def test_table_has_a_row_a_job():
    table = outcomes_table(OUTCOMES)
    assert table["overrides"].tolist() == ["seed=0 data=a", "seed=1 data=a", "seed=2 data=a"]
    assert table["status"].tolist() == ["finished", "finished before", "failed"]
