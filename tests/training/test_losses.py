import keras
import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from emotion_tl.config import ImbalanceConfig
from emotion_tl.training.losses import build_loss, class_weights

COUNTS = np.array([80, 15, 5])
GENERATOR = np.random.default_rng(0)
LOGITS = GENERATOR.normal(0, 2, (16, 3)).astype("float32")
LABELS = GENERATOR.integers(0, 3, 16)
ONE_HOT = np.eye(3, dtype="float32")[LABELS]


def compute(treatment: str, label_smoothing: float = 0.0, **settings) -> float:
    loss = build_loss(ImbalanceConfig(name=treatment, **settings), label_smoothing, COUNTS)
    return float(keras.ops.convert_to_numpy(loss(ONE_HOT, LOGITS)))


def smooth(share: float) -> np.ndarray:
    return ONE_HOT * (1 - share) + share / 3


@pytest.mark.parametrize("treatment", ["none", "class_weight", "oversample"])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
def test_crossentropy(treatment, label_smoothing):
    expected = -(smooth(label_smoothing) * log_softmax(LOGITS, axis=1)).sum(axis=1).mean()
    assert compute(treatment, label_smoothing) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_logit_adjustment(temperature, label_smoothing):
    adjusted = LOGITS + temperature * np.log(COUNTS / COUNTS.sum())
    expected = -(smooth(label_smoothing) * log_softmax(adjusted, axis=1)).sum(axis=1).mean()
    actual = compute("logit_adjust", label_smoothing, logit_adjustment_temperature=temperature)
    assert actual == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0])
def test_focal(gamma):
    probability = softmax(LOGITS, axis=1)[np.arange(16), LABELS]
    expected = (-((1 - probability) ** gamma) * np.log(probability)).mean()
    assert compute("focal", focal_gamma=gamma) == pytest.approx(expected, rel=1e-4)


def test_focal_with_label_smoothing():
    probabilities = softmax(LOGITS, axis=1)
    expected = (-smooth(0.2) * (1 - probabilities) ** 2 * np.log(probabilities)).sum(axis=1).mean()
    assert compute("focal", label_smoothing=0.2, focal_gamma=2.0) == pytest.approx(expected, rel=1e-4)


def test_losses_are_computed_in_float32_from_half_precision_logits(dtype_policy):
    dtype_policy("mixed_float16")
    loss = build_loss(ImbalanceConfig(name="logit_adjust"), 0.0, COUNTS)
    assert keras.backend.standardize_dtype(loss(ONE_HOT, LOGITS).dtype) == "float32"


def test_class_weights_by_hand():
    # 1/80, 1/15, 1/5 over their mean over the images, 3/100.
    np.testing.assert_allclose(class_weights(COUNTS, 1.0, None), [100 / 240, 100 / 45, 100 / 15], rtol=1e-6)


def test_class_weights_have_mean_1_over_the_images():
    for power in (0.0, 0.5, 1.0, 2.0):
        weights = class_weights(COUNTS, power, None)
        assert weights.dtype == np.float32
        assert (weights * COUNTS).sum() / COUNTS.sum() == pytest.approx(1)


def test_square_root_rule():
    weights = class_weights(np.array([100, 25]), 0.5, None)
    # The rare class weighs sqrt(100 / 25) times as much: w and 2w with (100 w + 25 * 2w) / 125 = 1.
    np.testing.assert_allclose(weights, [125 / 150, 250 / 150], rtol=1e-6)


def test_cap_takes_from_rare_classes_and_gives_to_none():
    free, capped = class_weights(COUNTS, 1.0, None), class_weights(COUNTS, 1.0, 2.0)
    np.testing.assert_allclose(capped, [free[0], 2.0, 2.0], rtol=1e-6)
