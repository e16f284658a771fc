"""The figures of benchmarks/ and the tables that show them, on runs that were written by hand."""

import math
import re
from types import ModuleType

import pytest

from benchmarks import frozen_phase, full_finetuning, last_blocks, tables
from benchmarks.fine_tuning import break_even_row
from benchmarks.measuring import Measures
from benchmarks.processes import REPOSITORY
from benchmarks.summaries import compare, epochs_to_break_even, extrapolate, report
from tests.test_benchmarks import PROGRAMS


def training(epoch_seconds: list[float], before: float = 0.0, **more) -> Measures:
    """Returns the measures of a run as `benchmarks.training_runs` gives them."""
    total = before + sum(epoch_seconds)
    return {
        "training_seconds": total,
        "wall_seconds": total + 10,
        "peak_memory_mib": 1000.0,
        "seconds_outside_epochs": before,
        "epoch_seconds": epoch_seconds,
        "images_per_second": [600 / seconds for seconds in epoch_seconds],
        "val_accuracy": [0.3] * len(epoch_seconds),
        "epochs_ended_after": [5 + before + sum(epoch_seconds[: number + 1]) for number in range(len(epoch_seconds))],
        **more,
    }


# === Figures ===


def test_a_ratio_is_that_of_the_medians_and_its_range_goes_over_the_pairs():
    row = compare("training", "s", [10.0, 12.0, 11.0], [88.0, 90.0, 110.0], "lower", mark=8.0)
    assert row["ours"] == {"median": 11.0, "lowest": 10.0, "highest": 12.0, "num_runs": 3}
    assert row["advantage"] == pytest.approx(90 / 11)
    assert row["advantage_range"] == pytest.approx([7.5, 10.0])
    assert row["reached"] is True


@pytest.mark.parametrize(("ours", "reached"), [(250.0, True), (249.0, False)])
def test_more_images_a_second_are_better(ours, reached):
    row = compare("speed", "images/s", [ours], [100.0], "higher", mark=2.5)
    assert (row["advantage"], row["reached"]) == (ours / 100, reached)


def test_accuracies_are_compared_by_their_difference():
    row = compare("val accuracy", "%", [44.0], [45.5], "higher", mark=0.0, by="difference")
    assert (row["advantage"], row["reached"]) == (-1.5, False)


def test_a_limit_is_reached_from_below():
    assert report("answer", "s", [1.4, 1.6, 1.2], limit=1.5)["reached"] is True
    assert report("answer", "s", [1.6], limit=1.5)["reached"] is False


def test_missing_epochs_take_the_median_of_those_after_the_first():
    assert extrapolate(total=100.0, epoch_seconds=[50.0, 20.0, 22.0], epochs=10) == 100.0 + 7 * 21.0
    assert extrapolate(total=100.0, epoch_seconds=[50.0, 50.0], epochs=2) == 100.0


def test_break_even_is_the_first_epoch_at_which_the_totals_meet():
    ours, peer = training([4.0, 2.0, 2.0], before=20.0), training([10.0, 10.0, 10.0])
    epochs = int(epochs_to_break_even(ours, peer))
    totals = {number: (24 + 2 * (number - 1), 10 * number) for number in (epochs - 1, epochs)}
    assert totals[epochs][0] <= totals[epochs][1]
    assert totals[epochs - 1][0] > totals[epochs - 1][1]
    assert epochs_to_break_even(training([1.0, 1.0]), peer) == 1
    assert epochs_to_break_even(training([1.0, 20.0], before=50.0), peer) == math.inf


def test_a_break_even_that_never_comes_is_told_in_words():
    row = break_even_row("faster from epoch", [3.0, math.inf])
    assert "never" in tables.comparison_table([row], "peer")


# === Tables ===


def frozen_phase_runs() -> list[Measures]:
    first, second = training([3.0] + [1.0] * 9, before=40.0), training([3.0] + [1.0] * 9, before=1.0)
    plain = training([60.0, 50.0, 54.0])
    common = {"date": "2025-01-01", "commit": "abc1234"}
    return [
        run
        for repeat in range(3)
        for run in (
            {**common, "side": "ours", "repeat": repeat, "first": first, "second": second},
            {**common, "side": "plain", "repeat": repeat, **plain},
        )
    ]


def result_of(program: ModuleType, runs: list[Measures], settings: dict) -> dict:
    machine = {"num_cores": 2, "processor": "Example", "memory_gib": 8, "gpu": "none", "python": "3.11"}
    name = program.__name__.removeprefix("benchmarks.")
    summary = program.summarise(runs, settings)
    return {"benchmark": name, "settings": settings, "machine": machine, "summary": summary, "runs": runs}


def test_the_frozen_phase_counts_the_pass_and_marks_what_is_extrapolated():
    runs, settings = frozen_phase_runs(), {"epochs": 10, "plain_epochs": 3}
    first, outside, second, *_ = frozen_phase.summarise(runs, settings)
    assert (first["ours"]["median"], first["peer"]["median"]) == (52.0, 164.0 + 7 * 52.0)
    assert outside["ours"]["median"] == 40.0
    assert second["ours"]["median"] == 13.0
    assert (first["extrapolated"], first["reached"]) == (True, True)
    text = tables.render(result_of(frozen_phase, runs, settings))
    assert "| 52 (52–52) | ~528 (528–528) | 10.2× | 8×, reached | 3 |" in text
    assert "2 cores of Example" in text
    assert "commit abc1234" in text


def test_accuracy_comes_from_plain_runs_with_all_epochs_alone():
    runs, settings = frozen_phase_runs(), {"epochs": 10, "plain_epochs": 3}
    best = next(row for row in frozen_phase.summarise(runs, settings) if "best" in row["what"])
    assert best["peer"] is None
    runs.append({"side": "plain_in_full", "repeat": 0, **training([50.0] * 10, val_accuracy=[0.2] * 10)})
    rows = frozen_phase.summarise(runs, settings)
    best = next(row for row in rows if "best" in row["what"])
    assert (best["ours"]["median"], best["peer"]["median"]) == pytest.approx((30.0, 20.0))
    assert all(row["peer"]["median"] != 500 for row in rows if row["unit"] == "s" and row.get("peer"))


@pytest.mark.parametrize(("program", "key"), [(last_blocks, "backbones"), (full_finetuning, "backbone")])
def test_fine_tuning_leaves_the_first_epoch_out(program, key):
    runs = [
        {"side": "resnet50 ours", "repeat": 0, **training([30.0, 2.0, 3.0])},
        {"side": "resnet50 plain", "repeat": 0, **training([90.0, 6.0, 6.0])},
    ]
    settings = {key: ["resnet50"] if key == "backbones" else "resnet50", "epochs": 3}
    row = program.summarise(runs, settings)[0]
    assert (row["ours"]["median"], row["peer"]["median"]) == (250.0, 100.0)
    assert row["advantage"] == 2.5


def test_tables_replace_what_stands_between_their_markers():
    text = "".join(f"<!-- {name} -->\nold\n<!-- /{name} -->\n" for name in ("frozen_phase", "scaling")) + "end\n"
    result = result_of(frozen_phase, frozen_phase_runs(), {"epochs": 10, "plain_epochs": 3})
    filled = tables.fill(text, [result])
    assert "old" not in filled
    assert filled.count("10.2×") == 1
    assert f"<!-- scaling -->\n{tables.NOT_MEASURED}\n<!-- /scaling -->\nend" in filled
    assert tables.fill(filled, [result]) == filled


def test_a_result_without_a_place_is_told():
    with pytest.raises(SystemExit, match="frozen_phase"):
        tables.fill("# Title\n", [result_of(frozen_phase, frozen_phase_runs(), {"epochs": 10, "plain_epochs": 3})])


def test_the_readme_has_a_place_and_a_command_for_every_program():
    readme = (REPOSITORY / "benchmarks" / "README.md").read_text()
    assert {found["name"] for found in tables.MARKED.finditer(readme)} == set(PROGRAMS)
    assert set(re.findall(r"python -m benchmarks\.(\w+)", readme)) == {*PROGRAMS, "tables"}


def test_the_scaling_table_and_plot_show_each_size(tmp_path):
    from benchmarks import scaling
    from benchmarks.scaling_plot import draw

    measured = dict.fromkeys(scaling.MEASURED, 100.0)
    sides = {"1000 images": 10.0, "4000 images": 40.0, "1 at once": 40.0, "2 at once": 50.0}
    runs = [
        {"side": side, "date": "2025-01-01", "commit": "abc", **measured, "wall_seconds": seconds + repeat}
        for repeat in range(3)
        for side, seconds in sides.items()
    ]
    result = result_of(scaling, runs, {"sizes": [1000, 4000], "at_once": [1, 2, 4]})
    assert [row["wall_seconds"] for row in result["summary"]] == [11.0, 41.0, 41.0, 51.0]
    assert "| 51 (50–52) |" in tables.render(result)
    draw(result["summary"], tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
