"""The chapter of the transfer gain, on ladders that learnt from a part of the images."""

import pytest

from emotion_tl.analysis.comparison import compare_records
from emotion_tl.analysis.report.transfer import stages_figure
from emotion_tl.analysis.transfer_gain import find_transfer_gains
from emotion_tl.command_config import CompareConfig
from emotion_tl.config import TrackingConfig
from emotion_tl.tracking.run_record import read_records
from tests.analysis.simulated_runs import log_run, store

SCHEDULES = ("frozen_only", "frozen_then_unfrozen")


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ladders")
    log_run(folder, ["backbone=baseline_cnn"], 0.6)
    log_run(folder, ["backbone=baseline_cnn", "data.train_fraction=0.1"], 0.4)
    for fraction in (0.1, 0.05):
        for schedule in SCHEDULES:
            log_run(folder, ["backbone=inceptionv3", f"schedule={schedule}", f"data.train_fraction={fraction}"], 0.5)
    config = CompareConfig(num_bootstrap_resamples=50, tracking=TrackingConfig(uri=store(folder)))
    return compare_records(read_records(config.tracking, None, []), config, "simulated")


def test_a_ladder_is_drawn_beside_the_baseline_on_the_same_images_or_none(comparison):
    drawn = {}
    for gain in find_transfer_gains(comparison):
        (legend,) = stages_figure(gain, comparison).legends
        drawn[gain.network] = [text.get_text() for text in legend.get_texts()]
    steps = ["frozen", "all unfrozen"]
    assert drawn == {
        "inceptionv3, 10% of the training images": [*steps, "baseline: baseline_cnn-from_scratch, train_f…"],
        "inceptionv3, 5% of the training images": steps,
    }
