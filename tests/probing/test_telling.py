"""What is told of the probes: sentences, the table on the terminal, the figure."""

import io

import pytest
from rich.console import Console

from emotion_tl.analysis.figures.probes import probes_figure
from emotion_tl.probing.findings import tell_findings
from emotion_tl.probing.probe_table import tabulate_probes
from emotion_tl.probing.probes import headline
from emotion_tl.probing.report import terminal_table
from tests.probing.examples import ALL_COPIES, BLOCKS, BOTH, CONFIG, PRETRAINED, RANDOM, TEST, WITH_COPIES, network


def findings(networks) -> list[str]:
    return tell_findings(networks, tabulate_probes(networks, TEST, CONFIG), TEST, CONFIG)


def test_best_block_is_the_one_that_val_chooses_with_what_it_gains():
    best, over_last, over_random = findings(BOTH)
    assert best.startswith("Best block by val: middle with pretrained weights, 80.0 % on test (95 % interval 7")
    assert over_last.startswith("Over the last block, last: +20.0 points (95 % interval +1")
    assert "Pretrained over random weights at middle: +35.0 points" in over_random
    # A gain of 5 points on 6 images, p = 0.03, is none after Holm.
    assert over_random.endswith("McNemar p < 0.001 after Holm; better at 1 of 3 blocks.")


def test_loss_by_pretraining_is_told():
    worse = {"pretrained": RANDOM, "random": PRETRAINED}
    assert findings(worse)[-1].endswith("better at 0 of 3 blocks, worse at 1.")


def test_test_accuracy_does_not_choose_the_block():
    misled = {"pretrained": network("imagenet", (60, 96, 72), (0.5, 0.4, 0.6))}
    # Nothing was tested of the earlier blocks, so nothing is said of them.
    assert findings(misled) == [findings(misled)[0], "It is the last block."]
    assert "last with pretrained weights, 60.0 %" in findings(misled)[0]


def test_run_is_listed_by_the_network_that_it_is_about():
    outdone = {"pretrained": RANDOM, "random": PRETRAINED}
    table = tabulate_probes(outdone, TEST, CONFIG)
    # The random network has a block of 75 % on val and 80 % on test.
    assert headline(table) == {"val_accuracy": 0.55, "test_accuracy": 0.55}
    figure = probes_figure(table, "net on faces", 0.4, 0.95)
    assert figure.get_suptitle() == "net on faces: last is best by val, 55.0 % on test"


@pytest.mark.parametrize(
    ("networks", "told"), [(BOTH, ["80.0 (7", "+35.0 (+2"]), ({"random": RANDOM}, ["45.0 (3"])], ids=["both", "random"]
)
@pytest.mark.parametrize("split", [TEST, WITH_COPIES, ALL_COPIES])
def test_table_fits_a_terminal_of_80_columns(networks, told, split):
    console = Console(file=io.StringIO(), width=80)
    console.print(terminal_table(tabulate_probes(networks, split, CONFIG), 0.95))
    lines = console.file.getvalue().splitlines()
    (middle,) = [line for line in lines if "middle" in line]
    assert all(text in middle for text in told)
    assert "…" not in console.file.getvalue()
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("split", "told"), [(TEST, "no copies"), (WITH_COPIES, "76.0"), (ALL_COPIES, "all have copies")]
)
def test_table_says_why_there_are_no_leak_free_figures(split, told):
    console = Console(file=io.StringIO(), width=80)
    console.print(terminal_table(tabulate_probes(BOTH, split, CONFIG), 0.95))
    (middle,) = [line for line in console.file.getvalue().splitlines() if "middle" in line]
    assert told in middle


def test_figure_shows_each_block_and_fills_what_is_shown():
    figure = probes_figure(tabulate_probes(BOTH, TEST, CONFIG), "net on faces", 0.4, 0.95)
    _, lower = figure.axes
    assert figure.get_suptitle() == "net on faces: middle is best by val, 80.0 % on test"
    assert [label.get_text() for label in lower.get_xticklabels()] == list(BLOCKS)
    shown = {text.get_text() for text in figure.legends[0].get_texts()}
    assert shown == {"pretrained", "random", "best by val", "always the largest class"}
    filled = {tuple(line.get_xdata()): line.get_markerfacecolor() for line in lower.lines if line.get_marker() == "o"}
    assert filled[(1, 3)] == "white"
    assert filled[(2,)] != "white"
    assert len(probes_figure(tabulate_probes({"random": RANDOM}, TEST, CONFIG), "net", 0.4, 0.95).axes) == 1
