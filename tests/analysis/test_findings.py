"""What is found beyond the models: the transfer gain taken apart, fewer images, imbalance, calibration, ensembles."""

from dataclasses import replace

import pandas as pd
import pytest

from emotion_tl.analysis.answers import answer_questions, changes_of, told_fractions
from emotion_tl.analysis.comparison import compare_records
from emotion_tl.analysis.family import BETTER, NOT_SHOWN, WORSE
from emotion_tl.analysis.findings import find_all
from emotion_tl.analysis.report.report import write_report
from emotion_tl.analysis.stages import best_within, learning_curve
from emotion_tl.analysis.tables import write_tables
from emotion_tl.command_config import CompareConfig
from emotion_tl.config import TrackingConfig
from emotion_tl.tracking.run_record import read_records
from tests.analysis.simulated_runs import log_run, store
from tests.browser import NARROW, WIDE, open_page

NETWORK = ["backbone=inceptionv3", "head=mlp"]
TABLES = ("models", "runs", "differences", "classes", "transfer", "treatments", "calibration", "ensembles")
LAST = ["schedule=frozen_then_unfrozen", "schedule.phases.unfrozen.trainable_blocks=2"]


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    folder = tmp_path_factory.mktemp("found")
    for seed in (0, 1, 2):
        log_run(folder, [*NETWORK, "schedule=frozen_only", f"seed={seed}"], 0.45, sureness=3.0)
        log_run(folder, ["backbone=baseline_cnn", f"seed={seed}"], 0.58)
    log_run(folder, [*NETWORK, *LAST], 0.72)
    log_run(folder, [*NETWORK, "schedule=frozen_then_unfrozen"], 0.73)
    log_run(folder, [*NETWORK, "backbone.weights=null", "schedule=full"], 0.41)
    log_run(folder, [*NETWORK, "schedule=frozen_only", "imbalance=class_weight"], 0.3)
    for share, transfer, scratch in ((0.01, 0.55, 0.35), (0.1, 0.6, 0.61)):
        log_run(folder, [*NETWORK, *LAST, f"data.train_fraction={share}"], transfer)
        log_run(folder, ["backbone=baseline_cnn", f"data.train_fraction={share}"], scratch)
    config = CompareConfig(num_bootstrap_resamples=200, tracking=TrackingConfig(uri=store(folder)))
    return compare_records(read_records(config.tracking, None, []), config, "simulated")


@pytest.fixture(scope="module")
def findings(comparison):
    return find_all(comparison)


def test_the_transfer_gain_is_taken_apart(findings):
    (gain,) = findings.transfer_gains
    assert [step.stage for step in gain.steps] == ["frozen", "last blocks", "all unfrozen", "from scratch"]
    assert [step.gain and step.gain.verdict for step in gain.steps] == [
        None,
        BETTER,
        NOT_SHOWN,
        None,
    ]
    assert gain.over_scratch.verdict == "better"
    assert gain.budgets == {"epoch": 5, "seconds": 60}


def test_a_part_of_the_network_left_frozen_is_told_beside_the_weights(findings):
    (gain,) = findings.transfer_gains
    assert [change for change, _ in changes_of(gain)][-1] == "pretrained instead of from random weights"
    frozen, last, _, scratch = gain.steps
    for steps, told in (((frozen, last, scratch), "last blocks"), ((frozen, scratch), "frozen")):
        changes = [change for change, _ in changes_of(replace(gain, steps=steps))]
        assert changes[-1] == f"{told}, pretrained, instead of all from random weights"


def test_equal_budgets_count_what_a_run_spends_before_its_first_epoch(comparison):
    run = comparison.results[0].model.runs[0]
    # 60 s of training, five epochs of 10 s each: 10 s before the first.
    assert learning_curve(run)["seconds"].tolist() == [20, 30, 40, 50, 60]
    assert best_within(run, 29, "seconds") == run.history["val_accuracy"][0]
    assert best_within(run, 2, "epoch") == run.history["val_accuracy"][1]
    assert best_within(run, 19, "seconds") != best_within(run, 19, "seconds")


def test_a_model_over_the_share_of_the_images(findings):
    shares = {curve.name: [share for share, _ in curve.points] for curve in findings.fraction_curves}
    assert sorted(shares.values()) == [[0.01, 0.1, 1.0], [0.01, 0.1, 1.0]]


def test_where_transfer_stops_paying():
    assert told_fractions([(0.005, BETTER), (0.07, NOT_SHOWN), (0.5, WORSE), (1.0, BETTER)]) == (
        "ahead of the baseline at 0.5%, 100%; no difference shown at 7%; behind the baseline at 50% of the training "
        "images."
    )
    assert (
        told_fractions([(0.1, BETTER), (1.0, BETTER)]) == "ahead of the baseline at 10%, 100% of the training images."
    )
    assert told_fractions([(1.0, WORSE)]) == "behind the baseline at 100% of the training images."


def test_where_transfer_stops_paying_is_not_asked_of_models_from_scratch(comparison):
    config = replace(comparison.config, num_bootstrap_resamples=20, baseline="inceptionv3")
    turned = compare_records(read_records(config.tracking, None, []), config, "simulated")
    findings = find_all(turned)
    compared = {result.name for curve in findings.fraction_curves for _, result in curve.points if result.corrected}
    assert "baseline_cnn-from_scratch" in compared
    assert list(answer_questions(turned, findings).values())[3] == []


def test_treatments_of_imbalance(findings):
    (treatments,) = findings.treatments
    assert set(treatments.results) == {"none", "class_weight"}
    assert treatments.rare_class == "angry"
    assert treatments.against_untreated["class_weight"].verdict == "worse"


def test_a_model_that_is_too_sure_gets_a_temperature_above_one(comparison, findings):
    gains = {gain.name: gain for gain in findings.calibration_gains}
    sure = next(
        gains[result.name]
        for result in comparison.results
        if result.model.settings["schedule"]["name"] == "frozen_only"
    )
    assert sure.temperature > 1
    assert sure.error_after < sure.error_before
    assert sure.log_loss_after < sure.log_loss_before


def test_answers_claim_what_the_tests_support(comparison, findings):
    answers = answer_questions(comparison, findings)
    frozen, fine_tuning, imbalance, fractions = (" ".join(sentences) for sentences in answers.values())
    assert frozen.startswith("Not well enough: baseline_cnn-from_scratch")
    assert "last blocks instead of frozen: a gain; accuracy +" in fine_tuning
    assert "all unfrozen instead of last blocks: no difference shown (one seed each); accuracy" in fine_tuning
    assert fine_tuning.endswith("study.seeds=[0,1,2].")
    assert "seed" not in frozen
    assert "no treatment is shown to raise accuracy" in imbalance
    assert "ahead of the baseline at 1%, 100%; no difference shown at 10% of" in fractions


@pytest.fixture(scope="module")
def report(comparison, findings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    write_tables(comparison, findings, folder)
    write_report(comparison, findings, folder / "report.html")
    return folder / "report.html"


def test_the_tables(report):
    names = {path.name for path in report.parent.glob("*.csv")}
    assert names == {f"{name}.csv" for name in TABLES}


def test_a_table_holds_the_intervals_of_the_recalls_and_what_a_run_took(report, comparison):
    models, runs = (pd.read_csv(report.parent / f"{name}.csv") for name in ("models", "runs"))
    recall = comparison.results[0].summary.class_recall["angry"]
    told = models.loc[0, ["recall_angry", "recall_angry_low", "recall_angry_high"]]
    assert told.tolist() == pytest.approx([recall.mean, recall.low, recall.high])
    assert (models["slowest_training_seconds"] >= models["training_seconds"]).all()
    assert set(runs["training_seconds"]) == {60}
    assert set(runs["seconds_outside_epochs"]) == {10}


def test_the_table_of_the_transfer_gain(report, findings):
    rows = pd.read_csv(report.parent / "transfer.csv").set_index("what_learns")
    (gain,) = findings.transfer_gains
    assert list(rows.index) == ["frozen", "last blocks", "all unfrozen", "from scratch"]
    step = gain.steps[1].gain
    assert rows.loc["last blocks", "gain_low"] == pytest.approx(step.comparison.accuracy.low)
    assert rows.loc["last blocks", "gain_verdict"] == "better"
    over_scratch = rows["gain_over_scratch"].dropna()
    assert over_scratch.to_dict() == pytest.approx({"all unfrozen": gain.over_scratch.comparison.accuracy.value})
    assert set(rows["seconds_budget"]) == {60}
    assert rows["num_seeds_within_epoch_budget"].tolist() == [3, 1, 1, 1]
    assert rows.loc["frozen", "val_accuracy_within_epoch_budget"] == pytest.approx(0.39)


def test_the_table_of_the_treatments_has_the_joint_intervals(report, findings):
    rows = pd.read_csv(report.parent / "treatments.csv").set_index("treatment")
    (treatments,) = findings.treatments
    assert rows.loc["none", ["accuracy_to_none", "rare_recall_to_none"]].isna().all()
    jointly = treatments.simultaneous["class_weight"].macro_f1
    told = rows.loc["class_weight", ["macro_f1_to_none", "macro_f1_to_none_low", "macro_f1_to_none_high"]]
    assert told.tolist() == pytest.approx([jointly.value, jointly.low, jointly.high])
    assert rows.loc["class_weight", "verdict"] == "worse"
    assert set(rows["rare_class"]) == {"angry"}


def test_the_table_of_the_ensembles(report, findings):
    rows = pd.read_csv(report.parent / "ensembles.csv").set_index("ensemble")
    assert list(rows.index) == ["mean of all models", "weighted vote", "stacked"]
    for ensemble in findings.ensembles.results:
        row = rows.loc[ensemble.name]
        assert row["leak_free_accuracy_low"] == pytest.approx(ensemble.leak_free_summary.accuracy.low)
        assert row["accuracy_to_best_alone"] == pytest.approx(ensemble.pair.comparison.accuracy.value)
    weights = rows.filter(like="weight_")
    assert weights.loc["weighted vote"].sum() == pytest.approx(1)
    assert weights.loc["stacked"].isna().all()


def test_what_an_earlier_comparison_left_in_the_folder_is_not_kept(comparison, findings, tmp_path):
    (tmp_path / "treatments.csv").write_text("of other runs")
    write_tables(comparison, replace(findings, treatments=[]), tmp_path)
    assert not (tmp_path / "treatments.csv").exists()
    assert (tmp_path / "transfer.csv").exists()


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_browser_shows_the_report_without_a_word_and_without_a_request(report, size):
    with open_page(report, size) as watched:
        assert watched.console == []
        assert watched.requests == []
        assert not watched.overflows()
        headings = watched.page.locator("h2").all_inner_texts()
        assert headings == [
            "In short",
            "Models",
            "Differences to the baseline",
            "What transfer brings",
            "Where in the network the features transfer from",
            "Treatments of class imbalance",
            "For whoever uses a model",
            "How this was computed",
        ]
        assert watched.page.get_by_role("img").count() >= 5
        # A table may be wider than the page and scrolls; what it is about is read without that.
        widths = watched.page.locator("caption span").evaluate_all("all => all.map(one => one.offsetWidth)")
        assert max(widths) <= size[0]


def test_the_report_tells_which_classes_have_no_interval(report):
    assert "Recall and F1 of a class with fewer than 10 test images have none." in report.read_text()


def test_the_models_sort_by_a_click(report):
    with open_page(report) as watched:
        table = watched.page.get_by_role("table", name="Figures on test, in %")
        before = table.locator("tbody th").all_inner_texts()
        table.get_by_role("columnheader", name="accuracy", exact=True).get_by_role("button").dblclick()
        assert table.locator("tbody th").all_inner_texts() == before[::-1]
