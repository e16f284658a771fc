"""The test images without a copy, and what is said of them on the terminal and in the report."""

import numpy as np
import pytest

from emotion_tl.analysis.comparison import compare_records
from emotion_tl.analysis.comparison_terminal import print_comparison
from emotion_tl.analysis.findings import find_all
from emotion_tl.analysis.leak_free import leak_free_caveat, told_absence, without_copies
from emotion_tl.analysis.model_predictions import ModelPredictions
from emotion_tl.analysis.report.models import models_section
from emotion_tl.command_config import CompareConfig
from emotion_tl.config import TrackingConfig
from emotion_tl.tracking.run_record import read_records
from tests.analysis.simulated_runs import log_run, store


def predictions(*has_copy: int) -> ModelPredictions:
    number = len(has_copy)
    return ModelPredictions(
        "vgg16", (0,), np.zeros(number, int), np.full((1, number, 2), 0.5), np.array(has_copy), ("angry", "happy")
    )


def test_there_are_leak_free_images_where_some_but_not_all_have_a_copy():
    kept = without_copies(predictions(0, 1, 0))
    assert kept.num_images == 2
    assert kept.probabilities.shape == (1, 2, 2)
    assert not kept.has_copy.any()
    assert without_copies(predictions(0, 0, 0)) is None
    assert without_copies(predictions(1, 1, 1)) is None
    # One image gives no interval.
    assert without_copies(predictions(1, 0, 1)) is None
    assert [told_absence(number) for number in (3, 1, 0)] == ["no copies", "one image", "all have copies"]


def test_models_with_other_leak_free_images_are_told():
    assert leak_free_caveat([predictions(0, 1, 0), predictions(0, 1, 0)]) is None
    assert "(1 to 3 of 3 are left)" in leak_free_caveat([predictions(0, 0, 0), predictions(0, 1, 1)])
    assert "(2 of 3 are left)" in leak_free_caveat([predictions(0, 1, 0), predictions(1, 0, 0)])


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copies")
    log_run(folder, ["backbone=baseline_cnn"], 0.6)
    log_run(folder, ["backbone=baseline_cnn", "data.train_fraction=0.1"], 0.5, images_a_copy=20)
    log_run(folder, ["backbone=inceptionv3"], 0.7, images_a_copy=1)
    config = CompareConfig(num_bootstrap_resamples=50, tracking=TrackingConfig(uri=store(folder)))
    return compare_records(read_records(config.tracking, None, []), config, "simulated")


CAVEAT = "(0 to 855 of 900 are left)"


def test_the_terminal_says_so(comparison, tmp_path, capsys):
    print_comparison(comparison, find_all(comparison), tmp_path / "report.html")
    table, _, told = capsys.readouterr().out.partition("! ")
    lines = table.splitlines()
    first = next(position for position, line in enumerate(lines) if "inceptionv3" in line)
    assert "all have" in lines[first]
    assert "copies" in lines[first + 1]
    assert max(map(len, lines)) <= 80
    assert CAVEAT in told.splitlines()[0]


def test_square_brackets_in_the_path_of_the_report_are_no_markup(comparison, tmp_path, capsys):
    print_comparison(comparison, find_all(comparison), tmp_path / "[old]" / "[" / "]" / "report.html")
    assert f"Report: {tmp_path}/[old]/[/]/report.html" in capsys.readouterr().out


def test_the_report_says_so(comparison):
    html = "".join(block.html() for block in models_section(comparison).blocks)
    # In place of accuracy and macro-F1.
    assert html.count("all have copies") == 2
    assert CAVEAT in html
