import numpy as np
import pytest

from emotion_tl.evaluation.calibration import bin_positions, expected_calibration_error, reliability_bins

# Two classes. Confidence and correctness, worked by hand with bins of 0.1:
#   0.95 right | 0.85 right | 0.75 right, 0.75 wrong | 0.65 wrong | 0.55 right
#   gap 0.05   | 0.15       | 0.25 on two images     | 0.65       | 0.45
#   (0.05 + 0.15 + 2 * 0.25 + 0.65 + 0.45) / 6 = 0.3
PROBABILITIES = np.array([[0.95, 0.05], [0.15, 0.85], [0.75, 0.25], [0.25, 0.75], [0.65, 0.35], [0.45, 0.55]])
LABELS = np.array([0, 1, 0, 0, 1, 1])


def test_hand_worked_example():
    bins = reliability_bins(LABELS, PROBABILITIES, num_bins=10)
    assert bins["count"].tolist() == [0, 0, 0, 0, 0, 1, 1, 2, 1, 1]
    np.testing.assert_allclose(bins["confidence"][5:], [0.55, 0.65, 0.75, 0.85, 0.95])
    np.testing.assert_allclose(bins["accuracy"][5:], [1, 0, 0.5, 1, 1])
    assert bins["accuracy"][:5].isna().all()
    np.testing.assert_allclose(bins["upper"] - bins["lower"], 0.1)
    assert expected_calibration_error(bins) == pytest.approx(0.3)


def test_one_bin_compares_the_means():
    gap = PROBABILITIES.max(axis=1).mean() - 4 / 6
    assert expected_calibration_error(reliability_bins(LABELS, PROBABILITIES, num_bins=1)) == pytest.approx(abs(gap))


def test_bins_are_closed_above_as_in_the_paper():
    assert bin_positions(np.array([0.0, 0.25, 0.2500001, 0.5, 1.0]), 4).tolist() == [0, 0, 1, 1, 3]


def test_as_right_as_sure_has_no_error():
    labels = np.array([0] * 8 + [1] * 2)
    probabilities = np.tile([0.8, 0.2], (10, 1))
    assert expected_calibration_error(reliability_bins(labels, probabilities)) == pytest.approx(0)
