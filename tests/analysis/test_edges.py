"""Comparisons at the edge: models without a mistake, several baselines, settings that tell arms apart."""

import pytest

from emotion_tl.analysis.comparison import Comparison, compare_records
from emotion_tl.analysis.findings import find_all
from emotion_tl.analysis.report.report import title_of, write_report
from emotion_tl.analysis.stages import ALL_UNFROZEN, FROM_SCRATCH, FROZEN, RANDOM_FROZEN, RANDOM_LAST_BLOCKS, stage_of
from emotion_tl.command_config import CompareConfig
from emotion_tl.config import TrackingConfig
from emotion_tl.tracking.run_record import read_records
from tests.analysis.simulated_runs import log_run, store

ALWAYS = 1 - 1e-12
TRANSFER, SCRATCH = ["backbone=inceptionv3"], ["backbone=baseline_cnn"]


def compare(folder, names=None) -> Comparison:
    config = CompareConfig(num_bootstrap_resamples=50, tracking=TrackingConfig(uri=store(folder)))
    return compare_records(read_records(config.tracking, None, []), config, "simulated", names)


def test_two_models_without_a_mistake_are_reported(tmp_path):
    log_run(tmp_path, TRANSFER, ALWAYS)
    log_run(tmp_path, SCRATCH, ALWAYS)
    comparison = compare(tmp_path)
    assert comparison.results[0].summary.accuracy.mean == 1
    write_report(comparison, find_all(comparison), tmp_path / "report.html")
    assert "No difference" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("baseline", "title"),
    [("baseline_cnn", "Does transfer beat"), ("inceptionv3", "Which model"), ("resnet50", "Which model")],
)
def test_the_title_is_the_question_that_the_baseline_asks(baseline, title, tmp_path):
    log_run(tmp_path, TRANSFER, 0.7)
    log_run(tmp_path, SCRATCH, 0.6)
    config = CompareConfig(baseline=baseline, tracking=TrackingConfig(uri=store(tmp_path)))
    assert title_of(compare_records(read_records(config.tracking, None, []), config, "simulated")).startswith(title)


def test_without_a_pretrained_model_the_title_does_not_ask_about_transfer(tmp_path):
    log_run(tmp_path, [*SCRATCH, "imbalance=focal"], 0.5)
    log_run(tmp_path, ["backbone=vgg_fer"], 0.7)
    log_run(tmp_path, SCRATCH, 0.6)
    assert title_of(compare(tmp_path)).startswith("Which model")


def test_of_several_baselines_the_one_with_the_same_settings_is_taken(tmp_path):
    names = {}
    for rate, accuracy in ((0.5, 0.7), (0.2, 0.6)):
        for backbone, arm in ((TRANSFER, "transfer"), (SCRATCH, "baseline_cnn")):
            run_id = log_run(tmp_path, [*backbone, f"head.dropout={rate}"], accuracy)
            names[run_id] = f"{arm}, head.dropout={rate}"
    comparison = compare(tmp_path, names)
    assert comparison.warnings == ()
    baselines = {result.name: result.baseline for result in comparison.results}
    assert baselines == {
        "transfer, head.dropout=0.5": "baseline_cnn, head.dropout=0.5",
        "transfer, head.dropout=0.2": "baseline_cnn, head.dropout=0.2",
        "baseline_cnn, head.dropout=0.5": None,
        "baseline_cnn, head.dropout=0.2": None,
    }


def test_of_several_baselines_val_chooses_and_a_warning_says_so(tmp_path):
    log_run(tmp_path, TRANSFER, 0.7)
    for batch_size, accuracy in ((16, 0.5), (32, 0.65), (64, 0.6)):
        log_run(tmp_path, [*SCRATCH, f"trainer.batch_size={batch_size}"], accuracy)
    comparison = compare(tmp_path)
    best = "baseline_cnn-from_scratch, batch_size=32"
    assert comparison.baseline == comparison.result_of("inceptionv3-frozen_then_unfrozen").baseline == best
    (warning,) = comparison.warnings
    assert warning.startswith(f"1 model compared with {best}: of 3 baselines the best on val. baseline=<name> takes")
    assert warning.endswith(
        "another: baseline_cnn-from_scratch, batch_size=64; baseline_cnn-from_scratch, batch_size=16."
    )


def test_a_network_whose_head_alone_learns_in_the_end_is_not_frozen(tmp_path):
    frozen_last = ["schedule=full", "+schedule.phases.head={epochs:1,trainable_blocks:0}"]
    log_run(tmp_path, [*TRANSFER, *frozen_last], 0.5)
    (model,) = compare(tmp_path).models
    assert stage_of(model) == ALL_UNFROZEN


def test_two_models_of_one_name_are_told_apart(tmp_path):
    first = log_run(tmp_path, [*TRANSFER, "seed=0"], 0.7)
    second = log_run(tmp_path, [*TRANSFER, "seed=1"], 0.7, {"dataset_fingerprint": "cleaned since"})
    baseline = log_run(tmp_path, SCRATCH, 0.6)
    comparison = compare(tmp_path, {first: "arm", second: "arm", baseline: "baseline_cnn"})
    assert sorted(result.name for result in comparison.results) == ["arm (1)", "arm (2)", "baseline_cnn"]


def test_frozen_random_weights_are_no_training_from_scratch(tmp_path):
    log_run(tmp_path, [*TRANSFER, "schedule=frozen_only"], 0.5)
    log_run(tmp_path, [*TRANSFER, "schedule=frozen_only", "backbone.weights=null"], 0.3)
    comparison = compare(tmp_path)
    assert sorted(stage_of(model) for model in comparison.models) == [FROZEN, RANDOM_FROZEN]
    assert find_all(comparison).transfer_gains == []


def test_random_weights_of_which_the_last_blocks_alone_learn_are_no_training_from_scratch(tmp_path):
    last = ["schedule=frozen_then_unfrozen", "schedule.phases.unfrozen.trainable_blocks=2"]
    log_run(tmp_path, [*TRANSFER, *last], 0.5, {"pretrained": "no", "weights": "random (fallback)"})
    log_run(tmp_path, [*TRANSFER, "schedule=frozen_only"], 0.5)
    log_run(tmp_path, ["backbone=vgg16", "schedule=gradual", "backbone.weights=null"], 0.5)
    config = CompareConfig(
        baseline="inceptionv3-frozen_then_unfrozen",
        num_bootstrap_resamples=50,
        tracking=TrackingConfig(store(tmp_path)),
    )
    comparison = compare_records(read_records(config.tracking, None, []), config, "simulated")
    stages = {result.model.settings["schedule"]["name"]: stage_of(result.model) for result in comparison.results}
    assert stages == {"frozen_then_unfrozen": RANDOM_LAST_BLOCKS, "frozen_only": FROZEN, "gradual": FROM_SCRATCH}
    assert not any(comparison.is_against_scratch(result) for result in comparison.results)
    assert find_all(comparison).transfer_gains == []


def test_ladders_of_one_network_are_told_apart(tmp_path):
    for rate in (0.2, 0.5):
        for schedule in ("frozen_only", "frozen_then_unfrozen"):
            log_run(tmp_path, [*TRANSFER, f"schedule={schedule}", f"head.dropout={rate}"], 0.5)
            log_run(tmp_path, ["backbone=vgg16", f"schedule={schedule}"], 0.5, {"dataset_fingerprint": f"{rate}"})
    assert sorted(gain.network for gain in find_all(compare(tmp_path)).transfer_gains) == [
        "inceptionv3, dropout=0.2",
        "inceptionv3, dropout=0.5",
        "vgg16 (1)",
        "vgg16 (2)",
    ]


def test_of_two_models_in_one_stage_val_chooses(tmp_path):
    log_run(tmp_path, [*TRANSFER, "schedule=frozen_only", "trainer.batch_size=32"], 0.5)
    log_run(tmp_path, [*TRANSFER, "schedule=frozen_then_unfrozen", "trainer.batch_size=32"], 0.5)
    log_run(tmp_path, [*TRANSFER, "schedule=frozen_then_unfrozen", "trainer.batch_size=64"], 0.9)
    (gain,) = find_all(compare(tmp_path)).transfer_gains
    # What was trained with another batch size is no step of this ladder.
    assert [step.result.summary.accuracy.mean for step in gain.steps] == pytest.approx([0.5, 0.5], abs=0.05)
