import numpy as np
import pytest
from scipy.special import softmax

from emotion_tl.errors import DataError
from emotion_tl.evaluation.calibration import expected_calibration_error, reliability_bins
from emotion_tl.evaluation.temperature import TEMPERATURE_RANGE, apply_temperature, fit_temperature


def draw_calibrated(num_images: int = 20_000, num_classes: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Returns labels drawn from the very probabilities that are told for them, and the probabilities."""
    rng = np.random.default_rng(0)
    probabilities = softmax(2 * rng.standard_normal((num_images, num_classes)), axis=1)
    labels = (rng.random((num_images, 1)) > probabilities.cumsum(axis=1)).sum(axis=1).clip(0, num_classes - 1)
    return labels, probabilities


def test_calibrated_probabilities_need_no_temperature():
    assert fit_temperature(*draw_calibrated()) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("temperature", [0.4, 1.7, 3.0])
def test_a_known_temperature_is_recovered(temperature):
    labels, probabilities = draw_calibrated()
    distorted = apply_temperature(probabilities, 1 / temperature)
    found = fit_temperature(labels, distorted)
    assert found == pytest.approx(temperature, rel=0.03)
    before, after = (
        expected_calibration_error(reliability_bins(labels, told))
        for told in (distorted, apply_temperature(distorted, found))
    )
    assert after < 0.015 < 0.05 < before


def test_the_predicted_class_stays_and_rows_sum_to_one():
    _, probabilities = draw_calibrated(500)
    for temperature in TEMPERATURE_RANGE:
        scaled = apply_temperature(probabilities, temperature)
        np.testing.assert_array_equal(scaled.argmax(axis=1), probabilities.argmax(axis=1))
        np.testing.assert_allclose(scaled.sum(axis=1), 1)
    np.testing.assert_allclose(apply_temperature(probabilities, 1), probabilities, atol=1e-12)


def test_all_runs_of_a_model_are_scaled_at_once():
    _, probabilities = draw_calibrated(6)
    both = apply_temperature(np.stack([probabilities, probabilities[::-1]]), 2)
    np.testing.assert_allclose(both[1], apply_temperature(probabilities[::-1], 2))


def test_zeros_do_no_harm_and_the_temperature_is_bounded():
    labels = np.array([0, 1, 1, 0])
    always_sure = np.eye(2)[[0, 1, 0, 0]]
    found = fit_temperature(labels, always_sure)
    # Sure and right on three of four: the temperature that tells 3/4 is log(1 / eps) / log(3).
    assert found == TEMPERATURE_RANGE[1]
    assert np.isfinite(apply_temperature(always_sure, found)).all()
    for sure in (0.8, 0.9, 0.999):
        assert fit_temperature(labels, np.where(np.eye(2)[labels] > 0, sure, 1 - sure)) == TEMPERATURE_RANGE[0]


def test_logits_are_refused():
    with pytest.raises(DataError, match="softmax"):
        fit_temperature([0, 1], [[2.0, 1.0], [0.5, 3.0]])
