import numpy as np
import pytest

from emotion_tl.probing.linear_probe import fit_probe

GRID = (1e-4, 1e-2, 1.0)


def draw(num_images: int, seed: int, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Returns features and labels of three classes, each with a feature of its own, among twenty of noise."""
    generator = np.random.default_rng(seed)
    labels = np.arange(num_images) % 3
    features = generator.normal(size=(num_images, 23)).astype("float32")
    features[:, :3] = np.eye(3)[labels] + noise * features[:, :3]
    return features, labels


def test_what_can_be_read_off_linearly_is_read_off():
    test_features, test_labels = draw(60, 3)
    probe = fit_probe(draw(300, 1), draw(60, 2), test_features, GRID)
    assert (probe.test_probabilities.argmax(axis=1) == test_labels).mean() > 0.9
    assert probe.test_probabilities.sum(axis=1) == pytest.approx(1)


def test_labels_that_have_nothing_to_do_with_the_features_are_guessed():
    features, labels = draw(300, 1)
    shuffled = np.random.default_rng(0).permutation(labels)
    test_features, test_labels = draw(300, 3)
    probe = fit_probe((features, shuffled), draw(300, 2), test_features, GRID)
    assert (probe.test_probabilities.argmax(axis=1) == test_labels).mean() < 0.55


def test_regularisation_is_the_one_that_is_best_on_val():
    """Few images of much noise: weak regularisation remembers them."""
    train, val = draw(45, 1, noise=1.5), draw(300, 2, noise=1.5)
    alone = {
        strength: fit_probe((train[0].copy(), train[1]), (val[0].copy(), val[1]), draw(3, 3)[0], [strength])
        for strength in (1e-3, 1e3)
    }
    accuracies = {strength: probe.val_accuracy for strength, probe in alone.items()}
    best = max(accuracies, key=accuracies.get)
    chosen = fit_probe(train, val, draw(3, 3)[0], list(alone))
    assert accuracies[1e-3] != accuracies[1e3]
    assert (chosen.regularisation, chosen.val_accuracy) == (best, pytest.approx(accuracies[best], abs=0.01))


def test_scale_of_the_features_does_not_matter():
    factors = np.logspace(-8, 8, 23, dtype="float32")
    plain, scaled = (
        fit_probe(
            *[(features * factor, labels) for features, labels in (draw(90, 1), draw(60, 2))],
            draw(60, 3)[0] * factor,
            GRID,
        )
        for factor in (np.ones(23, "float32"), factors)
    )
    assert scaled.test_probabilities == pytest.approx(plain.test_probabilities, abs=1e-3)


def test_feature_that_is_always_the_same_does_no_harm():
    (train, labels), (val, val_labels), (test, _) = draw(90, 1), draw(60, 2), draw(60, 3)
    for features in (train, val, test):
        features[:, -1] = 0
    assert fit_probe((train, labels), (val, val_labels), test, GRID).val_accuracy > 0.8
