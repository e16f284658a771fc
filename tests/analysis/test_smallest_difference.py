import numpy as np
import pytest

from emotion_tl.analysis.accuracy_test import mcnemar_p_value
from emotion_tl.analysis.smallest_difference import (
    NONE_FOUND,
    smallest_difference_of_mcnemar,
    smallest_difference_of_t_test,
)


def test_mcnemar_agrees_with_a_published_sample_size():
    # Connor 1987 as worked out at powerandsamplesize.com (McNemar's Z-test, two-sided): discordant shares of 0.45 and
    # 0.05, level 0.05 and power 0.8 need 23 pairs. So 23 pairs show a difference of 0.40 and 22 do not.
    assert smallest_difference_of_mcnemar(23, 0.5) < 0.4 < smallest_difference_of_mcnemar(22, 0.5)


def test_mcnemar_finds_the_smallest_difference_four_times_in_five():
    rng = np.random.default_rng(0)
    num_images, discordant_share, num_trials = 3589, 0.25, 1000
    difference = smallest_difference_of_mcnemar(num_images, discordant_share)
    assert 0.02 < difference < 0.03
    shares = [(discordant_share + difference) / 2, (discordant_share - difference) / 2, 1 - discordant_share]
    draws = rng.multinomial(num_images, shares, num_trials)
    power = np.mean([mcnemar_p_value(int(only_one), int(only_other)) < 0.05 for only_one, only_other, _ in draws])
    # The exact test is a little behind the formula; the standard error of the share is 0.013.
    assert 0.75 < power < 0.83


def test_more_images_less_discordance_and_a_milder_level_show_smaller_differences():
    reference = smallest_difference_of_mcnemar(1000, 0.2)
    assert smallest_difference_of_mcnemar(4000, 0.2) == pytest.approx(reference / 2, rel=0.02)
    assert smallest_difference_of_mcnemar(1000, 0.1) < reference
    assert smallest_difference_of_mcnemar(1000, 0.2, level=0.01) > reference
    assert smallest_difference_of_mcnemar(1000, 0.2, power=0.9) > reference


@pytest.mark.parametrize(("num_images", "discordant_share"), [(1, 0.0), (3, 1.0), (2, 0.5)])
def test_too_few_images_show_nothing(num_images, discordant_share):
    assert smallest_difference_of_mcnemar(num_images, discordant_share) == 1


def test_runs_that_agree_everywhere_still_leave_a_smallest_difference():
    # With no discordant image seen, a difference of d comes with a share d of discordant ones.
    difference = smallest_difference_of_mcnemar(1000, 0.0)
    assert difference == pytest.approx((1.959964 + 0.841621) ** 2 / 1000, rel=0.01)


def test_t_test_agrees_with_published_multiples_of_the_standard_error():
    # Gelman and Hill 2007, Data Analysis Using Regression and Multilevel Models, section 20.1: 2.8 standard errors.
    assert smallest_difference_of_t_test(0.01, 1e9, 10**6) == pytest.approx(0.028, abs=0.00005)
    # Tables of the t distribution: with 4 degrees of freedom 2.776 and 0.941.
    assert smallest_difference_of_t_test(0.05, 4, 10**6) == pytest.approx(0.05 * (2.776 + 0.941), abs=0.0001)


def test_runs_that_agree_by_chance_are_not_said_to_show_any_difference():
    floor = smallest_difference_of_mcnemar(1000, 0.0, 0.01)
    assert floor > 0.008
    assert smallest_difference_of_t_test(0.0, 1, 1000, 0.01) == floor
    assert smallest_difference_of_t_test(1e-6, 4, 1000, 0.01) == floor


def test_no_difference_is_larger_than_accuracies_can_differ():
    # One degree of freedom and a level of 1 % over five comparisons: 318 standard errors.
    assert smallest_difference_of_t_test(0.03, 1, 1000, 0.002) == NONE_FOUND == 1
    assert smallest_difference_of_t_test(0.003, 1, 1000, 0.002) == pytest.approx(0.959, abs=0.001)
