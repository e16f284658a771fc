"""Wrong labels, planted among separable classes."""

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA

from emotion_tl.audit import out_of_sample
from emotion_tl.audit.label_issues import judge_labels
from emotion_tl.audit.out_of_sample import choose_num_folds, predict_out_of_sample, whiten
from tests.audit.planted import CLASSES

NUM_IMAGES = 300
WIDTH = 20


@pytest.fixture(scope="module")
def features():
    """Returns features (n, WIDTH) around the centres of three classes, and the true labels."""
    generator = np.random.default_rng(0)
    labels = np.arange(NUM_IMAGES) % 3
    centres = 2 * generator.normal(size=(3, WIDTH))
    return centres[labels] + generator.normal(size=(NUM_IMAGES, WIDTH)), labels


@pytest.fixture(scope="module")
def planted(features):
    """Returns labels of which 15 are wrong, and which."""
    wrong = np.random.default_rng(1).choice(NUM_IMAGES, 15, replace=False)
    labels = features[1].copy()
    labels[wrong] = (labels[wrong] + 1) % 3
    return labels, set(wrong.tolist())


@pytest.fixture(scope="module")
def issues(features, planted):
    probabilities = predict_out_of_sample(features[0], planted[0], np.arange(NUM_IMAGES), num_folds=5, seed=0)
    return judge_labels(probabilities, planted[0], CLASSES, "made-up features", num_folds=5)


def test_most_planted_labels_are_found_and_little_else(issues, planted):
    found = set(issues.candidates["number"])
    assert len(found & planted[1]) >= 13
    assert len(found - planted[1]) <= 5


def test_the_most_doubtful_come_first(issues, planted):
    assert set(issues.candidates["number"].head(10)) <= planted[1]


def test_the_true_class_is_suggested(issues, planted, features):
    found = issues.candidates[issues.candidates["number"].isin(planted[1])]
    assert (found["suggested"].to_numpy() == features[1][found["number"]]).mean() > 0.9
    assert (found["suggested_probability"] > found["label_probability"]).all()


def test_figures_add_up(issues, planted):
    assert (
        issues.by_class["num_candidates"].sum() == len(issues.candidates) == issues.confusions["num_candidates"].sum()
    )
    numbers = issues.candidates["number"]
    given = pd.Series(np.array(CLASSES)[planted[0][numbers]]).value_counts()
    for name in CLASSES:
        assert issues.by_class.loc[name, "num_candidates"] == given.get(name, 0)
        assert issues.by_class.loc[name, "share"] == given.get(name, 0) / (planted[0] == CLASSES.index(name)).sum()
    assert 0.85 < issues.accuracy <= 0.97


def test_a_copy_does_not_give_its_label_away():
    # Features without a class in them, each image twice: told only by its copy, if that were learnt from.
    generator = np.random.default_rng(0)
    features = np.repeat(generator.normal(size=(60, 40)), 2, axis=0)
    labels = np.repeat(np.arange(60) % 3, 2)
    together = predict_out_of_sample(features, labels, np.repeat(np.arange(60), 2), num_folds=5, seed=0)
    assert (together.argmax(axis=1) == labels).mean() < 0.5
    np.testing.assert_allclose(together.sum(axis=1), 1)


def test_whitened_components_are_few_and_of_variance_one(features):
    whitened = whiten(features[0][:100], seed=0)
    assert whitened.shape == (100, 10)
    np.testing.assert_allclose(whitened.var(axis=0, ddof=1), 1, rtol=1e-3)


def test_of_many_images_no_more_are_gone_through_at_once_than_there_is_memory_for(monkeypatch):
    generator = np.random.default_rng(0)
    features = (generator.normal(size=(6000, 3)) * [10, 3, 1]) @ generator.normal(size=(3, 40))
    features = features.astype(np.float16)
    whole = whiten(features, seed=0)
    fitted = []
    fit = PCA.fit
    monkeypatch.setattr(PCA, "fit", lambda self, rows, y=None: fitted.append(rows) or fit(self, rows, y))
    monkeypatch.setattr(out_of_sample, "MAX_IMAGES_AT_ONCE", 1000)
    parts = whiten(features, seed=0)
    assert [rows.shape for rows in fitted] == [(1000, 40)]
    assert (parts.shape, parts.dtype) == (whole.shape, np.dtype("float32"))
    # The components of a part are about those of all, up to their sign.
    correlations = [abs(np.corrcoef(whole[:, position], parts[:, position])[0, 1]) for position in range(3)]
    assert min(correlations) > 0.99
    np.testing.assert_allclose(parts[:, :3].std(axis=0), 1, atol=0.1)


@pytest.mark.parametrize(
    ("labels", "groups", "expected"),
    [
        ([0, 0, 0, 1, 1, 1], [0, 1, 2, 3, 4, 5], 3),
        # Two of the three images of class 1 are one.
        ([0, 0, 0, 1, 1, 1], [0, 1, 2, 3, 3, 4], 2),
        ([0] * 9 + [1] * 9, list(range(18)), 5),
        ([0, 0, 1, 1], [0, 1, 2, 2], 1),
    ],
)
def test_no_more_folds_than_a_class_has_different_images(labels, groups, expected):
    assert choose_num_folds(np.array(labels), np.array(groups), wanted=5) == expected
