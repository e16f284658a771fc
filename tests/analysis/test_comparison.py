"""Runs of a real store grouped into models and compared with the baseline that learnt from the same images."""

import pytest
from mlflow import MlflowClient

from emotion_tl.analysis.comparison import compare_records
from emotion_tl.command_config import CompareConfig
from emotion_tl.config import TrackingConfig
from emotion_tl.errors import ModelNotFoundError
from emotion_tl.fed import WHOLE_NETWORK, told_activations, told_phases
from emotion_tl.tracking.run_record import read_records
from tests.analysis.simulated_runs import log_run, store

TRANSFER = ["backbone=inceptionv3", "schedule=frozen_only"]
SCRATCH = ["backbone=baseline_cnn"]
TENTH = ["data.train_fraction=0.1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compared")
    for seed in (0, 1, 2):
        log_run(folder, [*TRANSFER, f"seed={seed}"], 0.75)
        log_run(folder, [*SCRATCH, f"seed={seed}"], 0.6)
    log_run(folder, [*TRANSFER, *TENTH, "seed=0"], 0.5)
    log_run(folder, [*SCRATCH, *TENTH, "seed=0"], 0.7)
    log_run(folder, ["backbone=vgg_fer"], 0.9, {"test_fingerprint": "others"})
    log_run(folder, ["backbone=vgg16"], 0.6, {"weights": "random (fallback)"})
    # The same seed once more: the latest counts.
    log_run(folder, [*TRANSFER, "seed=1"], 0.74)
    return folder


def test_runs_by_their_ids_are_taken_by_their_time(tmp_path):
    old, new = (log_run(tmp_path, [*SCRATCH, "seed=3"], accuracy) for accuracy in (0.3, 0.8))
    asked = config(tmp_path)
    comparison = compare_records(read_records(asked.tracking, None, [old, new, new]), asked, "simulated")
    (result,) = comparison.results
    assert [run.run_id for run in result.model.runs] == [new]
    (warning,) = comparison.warnings
    assert warning == (
        f"baseline_cnn-from_scratch: of several runs of a seed the latest counts. Left out: {old} (seed 3)."
    )


def test_a_failed_or_deleted_run_is_not_compared_as_a_finished_one(tmp_path):
    failed, deleted = (log_run(tmp_path, [*SCRATCH, f"seed={seed}"], 0.6) for seed in (0, 1))
    MlflowClient().set_terminated(failed, "FAILED")
    MlflowClient().delete_run(deleted)
    for run_id, state in ((failed, "FAILED"), (deleted, "deleted")):
        with pytest.raises(ModelNotFoundError, match=f"finished runs .* Received: {run_id}, which is {state}."):
            read_records(config(tmp_path).tracking, None, [run_id])


def config(folder, **settings) -> CompareConfig:
    tracking = TrackingConfig(uri=store(folder))
    return CompareConfig(num_bootstrap_resamples=200, tracking=tracking, **settings)


def compare(folder, **settings):
    asked = config(folder, **settings)
    return compare_records(read_records(asked.tracking, None, []), asked, "simulated")


@pytest.fixture(scope="module")
def comparison(folder):
    return compare(folder)


NAMES = {
    "inceptionv3-frozen_only": (0, 1, 2),
    "baseline_cnn-from_scratch": (0, 1, 2),
    "inceptionv3-frozen_only, train_fraction=0.1": (0,),
    "baseline_cnn-from_scratch, train_fraction=0.1": (0,),
    "vgg16-frozen_then_unfrozen": (0,),
}


def test_runs_that_differ_in_their_seed_alone_are_one_model(comparison):
    assert {result.name: result.model.seeds for result in comparison.results} == NAMES


def test_the_best_stands_first_and_the_latest_run_of_a_seed_counts(comparison):
    best = comparison.results[0]
    assert best.name == "inceptionv3-frozen_only"
    assert best.summary.accuracy.per_seed[1] == pytest.approx(0.74, abs=0.035)
    accuracies = [result.summary.accuracy.mean for result in comparison.results]
    assert accuracies == sorted(accuracies, reverse=True)


def test_each_model_is_compared_with_the_baseline_on_the_same_images(comparison):
    baselines = {result.name: result.baseline for result in comparison.results}
    assert baselines == {
        "inceptionv3-frozen_only": "baseline_cnn-from_scratch",
        "baseline_cnn-from_scratch": None,
        "inceptionv3-frozen_only, train_fraction=0.1": "baseline_cnn-from_scratch, train_fraction=0.1",
        "baseline_cnn-from_scratch, train_fraction=0.1": None,
        "vgg16-frozen_then_unfrozen": "baseline_cnn-from_scratch",
    }
    assert comparison.baseline == "baseline_cnn-from_scratch"


def test_verdicts(comparison):
    verdicts = {result.name: result.corrected and result.corrected.verdict for result in comparison.results}
    assert verdicts["inceptionv3-frozen_only"] == "better"
    assert verdicts["inceptionv3-frozen_only, train_fraction=0.1"] == "worse"
    assert verdicts["vgg16-frozen_then_unfrozen"] == "no difference shown"
    assert verdicts["baseline_cnn-from_scratch"] is None


def test_leak_free_figures_are_those_of_the_images_without_a_copy(comparison):
    result = comparison.results[0]
    right = result.model.test.probabilities.argmax(axis=2) == result.model.test.labels
    expected = right[:, ~result.model.test.has_copy].mean()
    assert result.leak_free_summary.accuracy.mean == pytest.approx(expected)
    assert result.corrected.leak_free.accuracy.value != result.corrected.comparison.accuracy.value


def test_what_keeps_a_reader_from_a_wrong_conclusion(comparison):
    told = " ".join(comparison.warnings)
    assert "vgg_fer-from_scratch_sgd was tested on other images" in told
    assert "vgg16-frozen_then_unfrozen ran with RANDOM weights" in told


CACHED = told_phases({"frozen": told_activations("avg_pool", ("image", "mirror"))})
IMAGES = told_phases({"frozen": WHOLE_NETWORK})


@pytest.fixture(scope="module")
def fed_differently(tmp_path_factory):
    """The disk was full when the last seed of the transfer model ran."""
    folder = tmp_path_factory.mktemp("fed")
    fed = [CACHED, CACHED, IMAGES]
    ids = [log_run(folder, [*TRANSFER, f"seed={seed}"], 0.7, {"inputs": text}) for seed, text in enumerate(fed)]
    log_run(folder, SCRATCH, 0.6, {"inputs": told_phases({"from_scratch": WHOLE_NETWORK})})
    return folder, ids


def test_runs_that_were_fed_other_things_are_not_seeds_of_one_model(fed_differently):
    comparison = compare(fed_differently[0])
    assert {result.name: result.model.seeds for result in comparison.results} == {
        "inceptionv3-frozen_only, inputs=cached": (0, 1),
        "inceptionv3-frozen_only, inputs=images": (2,),
        "baseline_cnn-from_scratch": (0,),
    }
    (warning,) = comparison.warnings
    assert f"inceptionv3-frozen_only, inputs=cached ({CACHED})" in warning
    assert f"inceptionv3-frozen_only, inputs=images ({IMAGES})" in warning
    assert "differ in nothing but what their phases were fed" in warning


def test_names_of_a_study_tell_what_was_fed(fed_differently):
    folder, ids = fed_differently
    asked = config(folder)
    names = dict.fromkeys(ids, "transfer")
    comparison = compare_records(read_records(asked.tracking, None, []), asked, "simulated", names)
    told = {result.name for result in comparison.results}
    assert told == {"transfer, inputs=cached", "transfer, inputs=images", "baseline_cnn-from_scratch"}


def test_phases_in_another_order_are_another_model(tmp_path):
    none = ["backbone=inceptionv3", "~schedule.phases.frozen", "~schedule.phases.unfrozen"]
    phases = [f"+schedule.phases.{name}={{epochs:1,trainable_blocks:{n}}}" for name, n in (("one", 0), ("two", 2))]
    log_run(tmp_path, [*none, *phases, "seed=0"], 0.7)
    log_run(tmp_path, [*none, *reversed(phases), "seed=1"], 0.7)
    names = {result.name for result in compare(tmp_path, baseline="inceptionv3").results}
    assert names == {
        "inceptionv3-frozen_then_unfrozen",
        "inceptionv3-frozen_then_unfrozen, phase_order=two then one",
    }


def test_a_setting_tells_models_apart_before_what_they_were_fed_does(tmp_path):
    log_run(tmp_path, TRANSFER, 0.7, {"inputs": CACHED})
    log_run(tmp_path, [*TRANSFER, "trainer.cache=off"], 0.7, {"inputs": IMAGES})
    told = compare(tmp_path, baseline="inceptionv3-frozen_only")
    assert {result.name for result in told.results} == {
        "inceptionv3-frozen_only, cache=auto",
        "inceptionv3-frozen_only, cache=off",
    }
    assert not any("fed" in warning for warning in told.warnings)


def test_another_baseline_by_its_name(folder):
    comparison = compare(folder, baseline="inceptionv3-frozen_only")
    assert comparison.baseline == "inceptionv3-frozen_only"
    result = comparison.result_of("baseline_cnn-from_scratch")
    assert result.corrected.verdict == "worse"


def test_without_a_baseline_there_is_nothing_to_compare_with(folder):
    comparison = compare(folder, baseline="resnet50")
    assert comparison.baseline is None
    assert any("No finished run of the baseline resnet50" in warning for warning in comparison.warnings)
    assert all(result.corrected is None for result in comparison.results)


def test_a_run_that_left_no_predictions_is_named(folder, tmp_path):
    run_id = log_run(tmp_path, SCRATCH, 0.6)
    next((tmp_path / "mlartifacts").rglob("predictions.parquet")).unlink()
    asked = config(tmp_path)
    with pytest.raises(ModelNotFoundError, match=f"Expected predictions.parquet among the artifacts of run .*{run_id}"):
        compare_records(read_records(asked.tracking, None, []), asked, "simulated")
