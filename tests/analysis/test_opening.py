"""What a reader in a hurry is told: no more than the seeds, the copies and the baselines allow."""

import pytest

from emotion_tl.analysis.answers import answer_questions
from emotion_tl.analysis.comparison import Comparison, compare_records
from emotion_tl.analysis.findings import find_all
from emotion_tl.analysis.report.opening import best_pretrained, key_figures, lead_sentences
from emotion_tl.command_config import CompareConfig
from emotion_tl.config import TrackingConfig
from emotion_tl.tracking.run_record import read_records
from tests.analysis.simulated_runs import log_run, store

FROZEN = ["backbone=inceptionv3", "schedule=frozen_only"]
SCRATCH = ["backbone=baseline_cnn"]


def compare(folder, baseline: str | None = None) -> Comparison:
    config = CompareConfig(baseline=baseline, num_bootstrap_resamples=100, tracking=TrackingConfig(uri=store(folder)))
    return compare_records(read_records(config.tracking, None, []), config, "simulated")


def lead(comparison: Comparison) -> str:
    return lead_sentences(best_pretrained(comparison).corrected, comparison)


def figures(comparison: Comparison) -> dict[str, str]:
    """Returns label -> number and remark."""
    told = key_figures(best_pretrained(comparison).corrected, comparison)
    return {figure.label: f"{figure.value} {figure.remark}" for figure in told}


@pytest.fixture(scope="module")
def of_copies(tmp_path_factory):
    """The candidate is the baseline, but right on the fifth of the images that have a copy."""
    folder = tmp_path_factory.mktemp("memorised")
    for seed in (0, 1, 2):
        log_run(folder, [*FROZEN, f"seed={seed}"], 0.6, images_a_copy=5, knows_copies=True)
        log_run(folder, [*SCRATCH, f"seed={seed}"], 0.6, images_a_copy=5)
    return compare(folder)


NOTHING = "without the copies +0.0 points (+0.0 to +0.0)"
FAILURE = "on all test images, but without the images that have a copy in train or val no difference is shown"


def test_a_win_on_the_copies_alone_is_no_unqualified_win(of_copies):
    told = lead(of_copies)
    assert told.startswith(f"Transfer beats baseline_cnn-from_scratch, trained from scratch, {FAILURE}. ")
    assert told.endswith(f", {NOTHING}.")
    assert figures(of_copies)["difference without the copies"] == "+0.0 points +0.0 (+0.0 to +0.0)"
    frozen, *_ = answer_questions(of_copies, find_all(of_copies)).values()
    assert frozen[0].startswith("Not shown without the copies: frozen features beat baseline_cnn-from_scratch")
    assert NOTHING in frozen[0]


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    """Two arms under two treatments, one seed each; the baseline under a treatment is the better one on val."""
    folder = tmp_path_factory.mktemp("grid")
    log_run(folder, SCRATCH, 0.6)
    log_run(folder, FROZEN, 0.75)
    log_run(folder, [*FROZEN, "imbalance=focal"], 0.65)
    log_run(folder, [*SCRATCH, "imbalance=focal"], 0.61)
    return folder


def test_the_headline_is_about_the_baseline_that_the_best_model_was_compared_with(grid):
    comparison = compare(grid)
    assert comparison.baseline == "baseline_cnn-from_scratch, imbalance=focal"
    verdict, *_ = lead(comparison).split(". ")
    assert verdict == "Transfer beats baseline_cnn-from_scratch, trained from scratch (one seed each)"
    assert "Of the pretrained models compared inceptionv3-frozen_only is best on val" in lead(comparison)
    accuracy = comparison.result_of("baseline_cnn-from_scratch").summary.accuracy.mean
    assert figures(comparison)["baseline_cnn-from_scratch, the baseline"].startswith(f"{100 * accuracy:.1f} %")


def test_each_baseline_is_called_one(grid):
    comparison = compare(grid)
    baselines = {result.name for result in comparison.results if comparison.is_baseline(result.name)}
    assert baselines == {"baseline_cnn-from_scratch", "baseline_cnn-from_scratch, imbalance=focal"}


def test_with_one_seed_each_lead_and_answers_speak_of_two_networks(grid):
    comparison = compare(grid)
    caveat = (
        "With one seed each this is about these two trained networks: with other seeds it may turn out otherwise. "
        "More seeds tell what holds for the models: study.seeds=[0,1,2]."
    )
    assert lead(comparison).endswith(caveat)
    assert figures(comparison)["difference in accuracy"].endswith(", one seed each")
    frozen, _, imbalance, _ = answer_questions(comparison, find_all(comparison)).values()
    assert "(one seed each)" in frozen[0]
    assert frozen[-1] == imbalance[-1] == caveat


def test_several_seeds_need_no_such_caveat(of_copies):
    assert "one seed" not in lead(of_copies)
    assert "one seed" not in figures(of_copies)["difference in accuracy"]
    frozen, *_ = answer_questions(of_copies, find_all(of_copies)).values()
    assert "one seed" not in " ".join(frozen)


def test_a_pretrained_baseline_is_not_beaten_by_the_best_pretrained_model(grid):
    """It is the baseline itself that is best on val."""
    told = lead(compare(grid, "inceptionv3-frozen_only"))
    focal = "inceptionv3-frozen_only, imbalance=focal"
    assert told.startswith(f"The baseline inceptionv3-frozen_only is ahead of {focal} (one seed each). ")
    assert f"Of the other pretrained models compared {focal} is best on val" in told


def test_the_smallest_difference_is_one_of_images_and_seeds(of_copies):
    assert figures(of_copies)["smallest difference"].endswith(
        "what these test images, and this many seeds, would show in four of five cases"
    )
