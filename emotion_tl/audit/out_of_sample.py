"""What a classifier makes of images it has not seen: logistic regressions on features, by cross-validation."""

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from emotion_tl.data.progress import track

# Of the logistic regression. Faces as hard as FER-2013 want the first, drawn ones the last.
INVERSE_REGULARIZATIONS = (0.003, 0.03, 0.3)
MAX_ITERATIONS = 100
# Whitened components need some images each, or they are noise; more than a thousand add time and nothing else.
IMAGES_A_COMPONENT = 10
MAX_COMPONENTS = 1024
# Of which the components are found, and which are transformed at once: 400 MB for 2,048 features of each.
MAX_IMAGES_AT_ONCE = 50_000


def choose_num_folds(labels: np.ndarray, groups: np.ndarray, wanted: int) -> int:
    """Returns the number of folds of which each can have images of every class: below 2 where there is none.

    Args:
        labels, groups: int64 (n,).
        wanted: the most folds.
    """
    groups_of_class = pd.Series(groups).groupby(labels).nunique()
    return min(wanted, int(groups_of_class.min()))


def predict_out_of_sample(
    features: np.ndarray, labels: np.ndarray, groups: np.ndarray, num_folds: int, seed: int
) -> np.ndarray:
    """Returns the class probabilities of each image by a logistic regression that was fitted without it.

    Images of one group stay together: a copy among the images learnt from would give the label away.

    Args:
        features: floating (n, width).
        labels: int64 (n,), every class from 0 on.
        groups: int64 (n,), equal for copies.
        num_folds: 2 or more.
        seed: of the folds, and of the images of which the components are found where they are many.

    Returns:
        float64 (n, num_classes), rows sum to 1.
    """
    whitened = whiten(features, seed)
    folds = list(StratifiedGroupKFold(num_folds, shuffle=True, random_state=seed).split(whitened, labels, groups))
    regularization = choose_regularization(whitened, labels, *folds[0])
    probabilities = np.zeros((len(labels), int(labels.max()) + 1))
    for learnt, judged in track(folds, num_folds, "Judging labels, folds"):
        classifier = fit_classifier(whitened[learnt], labels[learnt], regularization)
        # A class that is missing among the images learnt from gets no probability.
        probabilities[np.ix_(judged, classifier.classes_)] = classifier.predict_proba(whitened[judged])
    return probabilities


def whiten(features: np.ndarray, seed: int) -> np.ndarray:
    """Returns the principal components of features, each of variance 1: float32 (n, at most MAX_COMPONENTS).

    The solver then takes 15 steps in place of more than 100. No label is looked at.
    """
    num_images, width = features.shape
    num_components = max(1, min(width, num_images // IMAGES_A_COMPONENT, MAX_COMPONENTS))
    components = make_pipeline(StandardScaler(), PCA(num_components, whiten=True, svd_solver="covariance_eigh"))
    components.fit(draw_rows(features, seed).astype(np.float32))
    whitened = np.empty((num_images, num_components), np.float32)
    for start in range(0, num_images, MAX_IMAGES_AT_ONCE):
        part = slice(start, start + MAX_IMAGES_AT_ONCE)
        whitened[part] = components.transform(features[part].astype(np.float32))
    return whitened


def draw_rows(features: np.ndarray, seed: int) -> np.ndarray:
    """Returns so many rows as are gone through at once, drawn at random; all where there are no more."""
    if len(features) <= MAX_IMAGES_AT_ONCE:
        return features
    return features[np.random.default_rng(seed).choice(len(features), MAX_IMAGES_AT_ONCE, replace=False)]


def choose_regularization(features: np.ndarray, labels: np.ndarray, learnt: np.ndarray, judged: np.ndarray) -> float:
    """Returns the regularization under which the first fold is predicted with the smallest log loss."""
    losses = {}
    for regularization in INVERSE_REGULARIZATIONS:
        classifier = fit_classifier(features[learnt], labels[learnt], regularization)
        is_known = np.isin(labels[judged], classifier.classes_)
        known = judged[is_known]
        losses[regularization] = log_loss(
            labels[known], classifier.predict_proba(features[known]), labels=classifier.classes_
        )
    return min(losses, key=losses.__getitem__)


def fit_classifier(features: np.ndarray, labels: np.ndarray, regularization: float) -> LogisticRegression:
    """Returns a logistic regression with this inverse strength of the penalty on its weights."""
    return LogisticRegression(C=regularization, max_iter=MAX_ITERATIONS).fit(features, labels)
