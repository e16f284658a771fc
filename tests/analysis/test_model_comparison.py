import numpy as np
import pytest
from scipy.stats import bootstrap

from emotion_tl.analysis.accuracy_test import MCNEMAR_TEST, SEEDS_AND_IMAGES_TEST, mcnemar_p_value
from emotion_tl.analysis.model_comparison import compare_models
from emotion_tl.analysis.model_predictions import ModelPredictions
from emotion_tl.analysis.smallest_difference import smallest_difference_of_mcnemar, smallest_difference_of_t_test
from emotion_tl.errors import DataError
from emotion_tl.evaluation.metrics import compute_metrics
from tests.analysis.simulated_models import Scene, draw_models, one_seed

SCENE = Scene(3, 2, 0.01, 0.01, difference=0.05, num_images=500)


def draw(scene: Scene = SCENE, seed: int = 0) -> tuple[ModelPredictions, ModelPredictions]:
    candidate, baseline = draw_models(scene, np.random.default_rng(seed))
    return candidate, baseline


def metric_of_runs(model: ModelPredictions, name: str) -> list[float]:
    return [compute_metrics(model.labels, run, model.class_names)[name] for run in model.probabilities]


def test_differences_are_those_of_the_means_over_the_runs():
    candidate, baseline = draw()
    result = compare_models(candidate, baseline, 200)
    for difference, name in ((result.accuracy, "accuracy"), (result.macro_f1, "macro_f1")):
        expected = np.mean(metric_of_runs(candidate, name)) - np.mean(metric_of_runs(baseline, name))
        assert difference.value == pytest.approx(expected)
        assert difference.low < expected < difference.high
    assert (result.candidate, result.baseline, result.num_images) == ("candidate", "baseline", 500)
    assert (result.candidate_seeds, result.baseline_seeds, result.covers_seeds) == (3, 2, True)
    assert result.test == SEEDS_AND_IMAGES_TEST


def test_per_class_differences_have_support_and_metrics():
    candidate, baseline = draw()
    result = compare_models(candidate, baseline, 50)
    assert [row.class_name for row in result.per_class] == list(candidate.class_names)
    assert [row.support for row in result.per_class] == np.bincount(candidate.labels).tolist()
    for position in (0, 6):
        for name in ("recall", "f1"):
            means = [
                np.mean([row[position][name] for row in metric_of_runs(model, "per_class")])
                for model in (candidate, baseline)
            ]
            difference = getattr(result.per_class[position], name)
            assert difference.value == pytest.approx(means[0] - means[1])
            assert difference.low < difference.value < difference.high


def test_interval_and_test_of_the_accuracy_agree():
    for seed in range(12):
        result = compare_models(*draw(seed=seed), 20)
        assert (result.p_value < 0.05) == (not result.accuracy.low <= 0 <= result.accuracy.high)


def test_one_run_each_is_mcnemars_test_and_the_paired_bootstrap_of_scipy():
    candidate, baseline = (one_seed(model, 1) for model in draw())
    result = compare_models(candidate, baseline, 2000, 0.9, seed=7)
    only_candidate, only_baseline = candidate.right[0] & ~baseline.right[0], baseline.right[0] & ~candidate.right[0]
    assert result.test == MCNEMAR_TEST
    assert not result.covers_seeds
    assert result.p_value == mcnemar_p_value(only_candidate.sum(), only_baseline.sum())
    assert result.agreement.only_candidate == only_candidate.mean()
    gain = candidate.right[0].astype(float) - baseline.right[0]
    expected = bootstrap((gain,), np.mean, confidence_level=0.9, n_resamples=20_000, method="percentile", rng=0)
    interval = expected.confidence_interval
    assert (result.accuracy.low, result.accuracy.high) == pytest.approx((interval.low, interval.high), abs=0.004)


def test_swapping_the_models_turns_the_sign():
    candidate, baseline = draw()
    forth, back = compare_models(candidate, baseline, 100), compare_models(baseline, candidate, 100)
    assert forth.p_value == pytest.approx(back.p_value)
    assert forth.macro_f1.low == pytest.approx(-back.macro_f1.high)
    assert forth.per_class[3].f1.value == pytest.approx(-back.per_class[3].f1.value)


def test_a_model_does_not_differ_from_itself():
    model, _ = draw()
    result = compare_models(model, model, 50)
    assert result.p_value == 1
    assert result.accuracy.value == result.macro_f1.value == 0
    alone = compare_models(one_seed(model, 0), one_seed(model, 0), 50)
    assert alone.p_value == 1
    assert alone.accuracy.low == alone.accuracy.high == 0


def test_smallest_difference_follows_the_test():
    candidate, baseline = draw()
    result = compare_models(candidate, baseline, 20)
    expected = smallest_difference_of_t_test(result.standard_error, result.degrees_of_freedom, result.num_images, 0.05)
    assert result.smallest_difference_at(0.05) == pytest.approx(expected)
    assert result.smallest_difference_at(0.01) > result.smallest_difference_at(0.05)
    alone = compare_models(one_seed(candidate, 0), one_seed(baseline, 0), 20, confidence_level=0.9)
    discordant = alone.agreement.only_candidate + alone.agreement.only_baseline
    assert alone.smallest_difference_at(0.1) == pytest.approx(smallest_difference_of_mcnemar(500, discordant, 0.1))


def test_a_class_without_images_is_left_out():
    kept = draw()[0].labels != 2
    models = [
        ModelPredictions(m.name, m.seeds, m.labels[kept], m.probabilities[:, kept], m.has_copy[kept], m.class_names)
        for m in draw()
    ]
    assert [row.class_name for row in compare_models(*models, 20).per_class] == [
        f"class {position}" for position in (0, 1, 3, 4, 5, 6)
    ]


def test_models_of_other_images_are_refused():
    candidate, baseline = draw()
    with pytest.raises(DataError, match="same images in the same order"):
        compare_models(candidate, draw(seed=1)[1], 20)
    one = [
        ModelPredictions(m.name, m.seeds, m.labels[:1], m.probabilities[:, :1], m.has_copy[:1], m.class_names)
        for m in (candidate, baseline)
    ]
    with pytest.raises(DataError, match="two or more images"):
        compare_models(*one, 20)


def rates_of_macro_f1(scene: Scene, num_trials: int, num_resamples: int) -> tuple[float, float]:
    """Returns how often the intervals of equal models' difference in macro-F1 and in one class's F1 leave out 0."""
    left_out = []
    for trial in range(num_trials):
        result = compare_models(*draw(scene, trial), num_resamples)
        of_class = result.per_class[1].f1
        left_out.append(
            (
                not result.macro_f1.low <= 0 <= result.macro_f1.high,
                not of_class.low <= 0 <= of_class.high,
            )
        )
    macro_f1, one_class = np.mean(left_out, axis=0)
    return float(macro_f1), float(one_class)


def test_macro_f1_of_equal_models_is_seldom_called_different():
    rates = rates_of_macro_f1(Scene(3, 3, 0.02, 0.02, num_images=300), 100, 60)
    # Standard error 0.022. Intervals over images alone would leave out 0 in a fifth of the trials.
    assert max(rates) <= 0.1


@pytest.mark.slow
@pytest.mark.parametrize("numbers", [(2, 2), (3, 3), (5, 5), (3, 1)])
def test_intervals_of_macro_f1_keep_their_level(numbers):
    rates = rates_of_macro_f1(Scene(*numbers, 0.006, 0.006, num_images=1500), 500, 200)
    assert max(rates) <= 0.075
