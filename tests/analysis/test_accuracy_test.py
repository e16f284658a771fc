"""What the verdict is worth, by simulation: see docs/statistics.md for the whole table."""

import numpy as np
import pytest

from emotion_tl.analysis.accuracy_test import MCNEMAR_TEST, SEEDS_AND_IMAGES_TEST, equal_accuracy_test
from tests.analysis.simulated_models import Scene, simulate


def test_one_run_each_is_mcnemars_test():
    # Fay's table, see test_paired.py: 21 both right, 9 and 2 one alone, 12 neither.
    candidate = np.repeat([True, True, False, False], [21, 9, 2, 12])[None]
    baseline = np.repeat([True, False, True, False], [21, 9, 2, 12])[None]
    test = equal_accuracy_test(candidate, baseline)
    assert (test.name, test.covers_seeds, test.num_images) == (MCNEMAR_TEST, False, 44)
    assert test.p_value == pytest.approx(0.06543, abs=5e-6)


def test_several_runs_are_tested_over_seeds_and_images():
    candidate, baseline = Scene(2, 3, 0.01, 0.01, num_images=200).draw(np.random.default_rng(0))
    test = equal_accuracy_test(candidate, baseline)
    assert (test.name, test.covers_seeds) == (SEEDS_AND_IMAGES_TEST, True)
    assert test.p_value == pytest.approx(equal_accuracy_test(baseline, candidate).p_value)


@pytest.mark.parametrize(
    ("numbers", "deviation", "least"),
    # The seeds move the accuracy as much as the choice of 400 images does.
    [((1, 1), 0.0, 0.01), ((2, 2), 0.02, 0.0), ((3, 3), 0.02, 0.01), ((5, 5), 0.02, 0.02)],
)
def test_equal_models_are_seldom_called_different(numbers, deviation, least):
    rates = simulate(Scene(*numbers, deviation, deviation, num_images=400), 400)
    # The level is 0.05, the standard error of a share of 400 trials 0.011.
    assert least <= rates.rejected <= 0.08
    assert rates.covered >= 0.92
    if deviation:
        # A test that takes the seeds for granted does not keep its level here: the simulation can tell.
        assert rates.rejected_over_images_alone > 0.09


def test_a_real_difference_is_found():
    rates = simulate(Scene(3, 3, 0.006, 0.006, difference=0.08, num_images=400), 200)
    assert rates.rejected > 0.7
    assert rates.covered > 0.91


@pytest.mark.slow
@pytest.mark.parametrize("deviations", [(0.003, 0.003), (0.006, 0.006), (0.01, 0.01), (0.003, 0.01)])
@pytest.mark.parametrize("numbers", [(2, 2), (3, 3), (5, 5), (3, 1), (5, 2)])
def test_the_verdict_on_equal_models_keeps_its_level(numbers, deviations):
    rates = simulate(Scene(*numbers, *deviations), 1500)
    # Three standard errors of a share of 1,500 trials above 0.05.
    assert rates.rejected <= 0.067
    assert rates.covered >= 0.933


@pytest.mark.slow
def test_two_points_are_found_often_with_three_seeds():
    assert simulate(Scene(3, 3, 0.003, 0.003, difference=0.02), 400).rejected > 0.6
    assert simulate(Scene(5, 5, 0.003, 0.003, difference=0.02), 400).rejected > 0.85
