"""The chapter of the transfer gain: ladders on a part of the images, equal budgets, what the cache spared."""

import pytest

from emotion_tl.analysis.comparison import compare_records
from emotion_tl.analysis.family import holm
from emotion_tl.analysis.findings import find_all
from emotion_tl.analysis.report.method import method_section
from emotion_tl.analysis.report.transfer import fraction_blocks, gain_blocks, stages_figure
from emotion_tl.analysis.report.use import cost_table
from emotion_tl.analysis.transfer_gain import find_transfer_gains
from emotion_tl.command_config import CompareConfig
from emotion_tl.config import TrackingConfig
from emotion_tl.html_report.blocks import DataTable, Details, Row, cell_text
from emotion_tl.tracking.run_record import read_records
from tests.analysis.simulated_runs import log_run, store

SCHEDULES = ("frozen_only", "frozen_then_unfrozen")


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ladders")
    log_run(folder, ["backbone=baseline_cnn"], 0.6)
    log_run(folder, ["backbone=baseline_cnn", "data.train_fraction=0.1"], 0.4)
    for fraction in (0.1, 0.005):
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
        "inceptionv3, 0.5% of the training images": steps,
    }


def test_the_steps_of_all_networks_are_one_family(comparison):
    gains = find_transfer_gains(comparison)
    pairs = [step.gain for gain in gains for step in gain.steps if step.gain is not None]
    assert [pair.num_comparisons for pair in pairs] == [2, 2]
    adjusted = [pair.adjusted_p_value for pair in pairs]
    assert adjusted == pytest.approx(holm([pair.comparison.p_value for pair in pairs]))
    assert "over the steps of all networks" in gain_blocks(gains[0], comparison)[-1].caption


def test_small_shares_are_told_as_such(comparison):
    table = fraction_blocks(find_all(comparison).fraction_curves)[-1]
    assert {cells(table, row)["share"] for row in table.rows} == {"0.5%", "10%", "100%"}


@pytest.fixture(scope="module")
def uncached(tmp_path_factory):
    """The first seed of each step computes the features of the others, which takes one step longer than the other."""
    folder = tmp_path_factory.mktemp("uncached")
    for schedule, accuracy, first in (("frozen_only", 0.5, 150.0), ("frozen_then_unfrozen", 0.7, 300.0)):
        for seed in (0, 1, 2):
            spent = first if seed == 0 else 2.0
            overrides = ["backbone=inceptionv3", f"schedule={schedule}", f"seed={seed}"]
            device = {"device": "GPU" if seed == 1 else "CPU"}
            log_run(folder, overrides, accuracy + seed / 100, device, seconds_outside_epochs=spent)
    log_run(folder, ["backbone=inceptionv3", "schedule=full", "backbone.weights=null"], 0.4, seconds_outside_epochs=250)
    config = CompareConfig(num_bootstrap_resamples=50, tracking=TrackingConfig(uri=store(folder)))
    return compare_records(read_records(config.tracking, None, []), config, "simulated")


def cells(table: DataTable, row: Row) -> dict[str, str]:
    return {column.heading: cell_text(column, row) for column in table.columns}


def test_seeds_that_ended_no_epoch_in_equal_time_are_counted_and_not_averaged(uncached):
    (gain,) = find_transfer_gains(uncached)
    assert gain.budgets == {"epoch": 5, "seconds": 200}
    frozen, unfrozen, scratch = (step.within["seconds"] for step in gain.steps)
    assert (frozen.num_seeds, unfrozen.num_seeds, scratch.num_seeds) == (3, 2, 0)
    # Of seed 1 and seed 2, in their last epochs: the accuracy less 0.06.
    assert unfrozen.val_accuracy == pytest.approx(0.715 - 0.06)
    table = gain_blocks(gain, uncached)[-1]
    assert [cells(table, row)["val at equal time, %"] for row in table.rows] == [
        "45.0",
        "65.5 (2 of 3 seeds)",
        "no epoch ended by then",
    ]
    assert [cells(table, row)["val at equal epochs, %"] for row in table.rows] == ["45.0", "65.0", "34.0"]
    assert "within 5 epochs and in 3.3 min, the mean over the seeds that ended an epoch by then" in table.caption
    assert "the one that was run first pays for both. " in table.caption


def test_the_time_of_training_tells_which_seeds_computed_features(uncached):
    (gain,) = find_transfer_gains(uncached)
    steps = gain_blocks(gain, uncached)[-1]
    expected = {"training (slowest seed)": "2.5 min (5.8 min)", "outside epochs (at most)": "1.7 min (5.0 min)"}
    assert expected.items() <= cells(steps, steps.rows[1]).items()
    # One seed.
    assert cells(steps, steps.rows[2])["training (slowest seed)"] == "5.0 min"
    costs = cost_table(uncached)
    (row,) = [row for row in costs.rows if row["result"].name == gain.steps[1].result.name]
    assert expected.items() <= cells(costs, row).items()
    # Its latencies are means over both.
    assert cells(costs, row)["device"] == "CPU, GPU"
    assert "features that an earlier run had left in the cache cost it nothing" in costs.caption
    (details,) = [block for block in method_section(uncached).blocks if isinstance(block, Details)]
    (runs,) = details.blocks
    found = [cells(runs, row) for row in runs.rows if row["name"] == gain.steps[1].result.name]
    assert [(run["training"], run["outside epochs"]) for run in found] == [
        ("5.8 min", "5.0 min"),
        *[("52 s", "2.0 s")] * 2,
    ]
