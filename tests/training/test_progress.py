import pytest
from rich.console import Console

from emotion_tl.training.best_epoch import BestEpoch
from emotion_tl.training.progress import ProgressDisplay, clock
from tests.training.networks import make_network

LOGS = {"loss": 1.0, "accuracy": 0.5, "val_loss": 1.1, "val_accuracy": 0.45, "val_macro_f1": 0.4}


def show_epoch(tmp_path, console: Console) -> ProgressDisplay:
    best = BestEpoch(make_network(), "val_accuracy", tmp_path)
    display = ProgressDisplay("unfrozen", first_epoch=3, num_epochs=4, batch_size=8, best=best)
    display.console = console
    display.set_params({"steps": 10})
    display.on_train_begin()
    display.on_epoch_begin(3)
    for batch in range(10):
        display.on_train_batch_end(batch)
    display.on_test_begin()
    best.offer(4, 0.45)
    display.on_epoch_end(3, LOGS)
    return display


def test_progress_is_one_plain_line_an_epoch_where_there_is_no_terminal(tmp_path, capsys):
    show_epoch(tmp_path, Console(highlight=False, soft_wrap=True))
    heading, line = capsys.readouterr().out.splitlines()
    assert "\x1b" not in heading + line
    assert heading.split()[0] == "unfrozen"
    # The first epoch of the phase is the fourth of seven, and the best so far.
    assert line.startswith("epoch 4/7")
    assert line.endswith("*")
    for part in ("1.000", "45.0%", "0.400"):
        assert part in line
    assert max(len(heading), len(line)) <= 100
    assert heading.index("macro-F1") + len("macro-F1") == line.index("0.400") + len("0.400")


def test_progress_on_a_terminal_shows_a_bar_and_takes_it_away(tmp_path, capsys):
    display = show_epoch(tmp_path, Console(force_terminal=True, width=100))
    shown = capsys.readouterr().out
    assert "\x1b[" in shown
    assert "unfrozen  epoch 4/7" in shown  # the bar
    assert display.bar is None
    display.on_epoch_begin(4)
    assert display.bar is not None
    # As the trainer does when it is interrupted.
    display.close()
    assert display.bar is None


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (65, "1:05"), (3599.6, "1:00:00"), (7384, "2:03:04")])
def test_clock(seconds, text):
    assert clock(seconds) == text
