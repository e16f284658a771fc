import numpy as np
import pytest
from rich.console import Console

from emotion_tl.tuning.leaderboard import best_trials, print_leaderboard, readable
from tests.tuning.searches import make_trials


def printed(width: int, num_best: int = 5, objective: str = "val_accuracy", **options) -> str:
    trials, space = make_trials(20, **options)
    console = Console(width=width, highlight=False)
    with console.capture() as capture:
        print_leaderboard(trials, space, objective, num_best, console)
    return capture.get()


@pytest.mark.parametrize("width", [80, 100, 120])
def test_nothing_is_cut_or_broken_at_usual_widths(width):
    shown = printed(width)
    assert max(map(len, shown.splitlines())) <= width
    for word in ("val_accuracy", "learning_rate", "imbalance", "power", "dropout", "units"):
        assert f"  {word} " in shown
    assert "…" not in shown


def test_the_best_trials_stand_side_by_side_with_readable_numbers():
    trials, _ = make_trials(20)
    best = best_trials(trials, "val_accuracy").head(3)
    lines = printed(120, num_best=3).splitlines()
    assert "Best 3 of 20 finished trials by val_accuracy" in lines[0]
    (header,) = [line for line in lines if line.strip().startswith("trial")]
    assert header.split()[1:] == [f"#{number}" for number in best["number"]]
    (scores,) = [line for line in lines if line.startswith("  val_accuracy")]
    assert scores.split()[1::2] == [f"{100 * value:.2f}" for value in best["value"]]


def test_a_parameter_that_a_trial_does_not_have_is_a_dash():
    trials, _ = make_trials(20)
    (powers,) = [line for line in printed(400, num_best=20).splitlines() if line.startswith("  power")]
    expected = best_trials(trials, "val_accuracy")["power"].isna()
    assert [text == "–" for text in powers.split()[1:]] == expected.tolist()
    assert 0 < expected.sum() < 20


def test_the_smallest_loss_is_best():
    trials, _ = make_trials(20)
    assert best_trials(trials, "val_log_loss")["value"].is_monotonic_increasing
    assert best_trials(trials, "val_macro_f1")["value"].is_monotonic_decreasing


def test_fewer_trials_are_shown_where_more_do_not_fit():
    wide, narrow = printed(200, num_best=8), printed(60, num_best=8)
    assert "Best 8 of 20" in wide
    assert "Best 8" not in narrow
    assert max(map(len, narrow.splitlines())) <= 60


def test_failed_trials_are_listed_with_one_line_a_reason():
    shown = printed(100, num_failed=3)
    assert "Best 5 of 17 finished" in shown
    assert "failed #0, #1, #2: The loss became NaN in epoch 2." in shown
    assert "Try a lower rate" not in shown


def test_a_search_in_which_all_failed_says_so():
    assert printed(80, num_failed=20).startswith("No trial finished.")


def test_square_brackets_of_values_and_reasons_are_no_markup():
    trials, space = make_trials(20, num_failed=1)
    trials["units"] = "[512,256]"
    trials["reason"] = "expected [bold] of [/red]"
    console = Console(width=120)
    with console.capture() as capture:
        print_leaderboard(trials, space, "val_accuracy", 2, console)
    assert "[512,256]" in capture.get()
    assert "expected [bold] of [/red]" in capture.get()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.000321535, "3.2e-04"),
        (0.0032, "0.0032"),
        (0.41234, "0.41"),
        (0.999, "1.00"),
        (1.5, "1.5"),
        (512, "512"),
        (512.0, "512"),
        (123.4, "123"),
        (0.0, "0"),
        (-0.25, "-0.25"),
        (1e6, "1.0e+06"),
        (np.nan, "–"),
        (None, "–"),
        ("logit_adjust", "logit_adjust"),
        ("null", "null"),
    ],
)
def test_values_are_short(value, expected):
    assert readable(value) == expected
