import numpy as np
import pytest
from scipy import stats

from emotion_tl.analysis.run_figures import RunFigures, accuracy_figures
from emotion_tl.analysis.uncertainty import uncertainty_of_difference, uncertainty_of_mean
from tests.analysis.simulated_models import Scene


def runs(*observed: float) -> RunFigures:
    """Returns one figure of some runs, known without error from the images."""
    return RunFigures(np.array(observed)[:, None], np.zeros((len(observed), 1, 2)))


def test_without_noise_of_the_images_it_is_welchs_test():
    candidate, baseline = [0.62, 0.66, 0.65, 0.61], [0.60, 0.59, 0.63]
    uncertainty = uncertainty_of_difference(runs(*candidate), runs(*baseline), 1000)
    difference = np.mean(candidate) - np.mean(baseline)
    expected = stats.ttest_ind(candidate, baseline, equal_var=False)
    assert uncertainty.p_value(difference)[0] == pytest.approx(expected.pvalue)
    assert uncertainty.degrees_of_freedom[0] == pytest.approx(expected.df)
    low, high = uncertainty.interval(difference, 0.9)
    assert (low[0], high[0]) == pytest.approx(tuple(expected.confidence_interval(0.9)))


def test_with_one_run_each_it_is_the_paired_t_test_over_images():
    candidate, baseline = (right[:1] for right in Scene(1, 1, 0, 0, num_images=300).draw(np.random.default_rng(0)))
    uncertainty = uncertainty_of_difference(accuracy_figures(candidate), accuracy_figures(baseline), 300)
    expected = stats.ttest_rel(candidate[0].astype(float), baseline[0].astype(float))
    assert uncertainty.p_value(candidate.mean() - baseline.mean())[0] == pytest.approx(expected.pvalue)
    assert uncertainty.degrees_of_freedom[0] == pytest.approx(299)


def test_a_single_run_borrows_the_seed_variance_of_the_other_model():
    several, single = runs(0.62, 0.66, 0.61), runs(0.60)
    for forth in ((several, single), (single, several)):
        uncertainty = uncertainty_of_difference(*forth, 1000)
        variance = np.var([0.62, 0.66, 0.61], ddof=1) * (1 / 3 + 1)
        assert uncertainty.standard_error[0] == pytest.approx(np.sqrt(variance))
        assert uncertainty.degrees_of_freedom[0] == pytest.approx(2)


def test_seeds_that_agree_by_chance_leave_the_variance_over_images():
    # Both runs have the same accuracy, although each is right on other images.
    right = np.array([[True, False, *[True] * 9, *[False] * 9], [False, True, *[True] * 9, *[False] * 9]])
    uncertainty = uncertainty_of_mean(accuracy_figures(right), 20)
    image_variance = np.var([0.5, 0.5, *[1] * 9, *[0] * 9], ddof=1) / 20
    assert uncertainty.standard_error[0] == pytest.approx(np.sqrt(image_variance))
    # The interaction of runs and images: 4 residuals of 0.5, on 19 degrees of freedom; its share of the mean of 40.
    noise = (4 * 0.25 / 19) / 40
    expected = image_variance**2 / (image_variance**2 / 19 + noise**2 / 1)
    assert uncertainty.degrees_of_freedom[0] == pytest.approx(expected)


def test_variance_is_right_on_average():
    scene, rng = Scene(4, 3, 0.02, 0.01, num_images=500), np.random.default_rng(0)
    differences, variances = [], []
    for _ in range(1500):
        candidate, baseline = scene.draw(rng)
        uncertainty = uncertainty_of_difference(accuracy_figures(candidate), accuracy_figures(baseline), 500)
        differences.append(candidate.mean() - baseline.mean())
        variances.append(uncertainty.standard_error[0] ** 2)
    # The standard error of the variance of 1,500 differences is 3.7 %; cutting at 0 adds a little to the estimates.
    assert np.mean(variances) == pytest.approx(np.var(differences), rel=0.15)


def test_no_difference_without_any_error_is_no_evidence():
    model = runs(0.6, 0.6)
    uncertainty = uncertainty_of_difference(model, model, 100)
    assert uncertainty.p_value(0.0)[0] == 1
    assert uncertainty.p_value(1e-17)[0] == 1
    assert uncertainty.p_value(0.1)[0] == 0


def test_figures_before_others_replace_their_first():
    exact, others = (
        uncertainty_of_mean(runs(0.5, 0.7), 10),
        uncertainty_of_mean(RunFigures(np.array([[0.1, 0.2], [0.3, 0.6]]), np.zeros((2, 2, 1))), 10),
    )
    joined = exact.before(others)
    assert joined.standard_error == pytest.approx([0.1, 0.2])
