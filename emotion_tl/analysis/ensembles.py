"""Models that decide together: is a vote of the study's models better than each of them?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint, minimize
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from emotion_tl.analysis.model_predictions import ModelPredictions, check_same_images
from emotion_tl.errors import DataError
from emotion_tl.evaluation.temperature import log_probabilities

STRENGTHS = (0.001, 0.01, 0.1, 1.0)
"""Values of scikit-learn's C, the inverse of the penalty, that stacking chooses among."""

MAX_FOLDS = 5


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Models that decide together.

    Each run of the ensemble is made of one run of each member, the first of the first runs and so on, and fits its own
    weights on val. So its runs are trainings as those of any model are. It has as many as the member with the fewest.

    Attributes:
        name: of the ensemble.
        weights: member -> its share of the vote, the mean over the runs; None where members are not merely weighted.
        test: what it says about the test images.
    """

    name: str
    weights: dict[str, float] | None
    test: ModelPredictions


def plain_vote(test: Sequence[ModelPredictions], name: str = "mean of all models") -> Ensemble:
    """Returns the mean of the members' probabilities; nothing is fitted.

    Raises:
        DataError: where there are fewer than two members, or they were tested on different images.
    """
    check_members(test)
    votes = [run.mean(axis=0) for run in runs_of(test)]
    return Ensemble(name, dict.fromkeys(names_of(test), 1 / len(test)), as_model(name, test, votes))


def soft_vote(
    val: Sequence[ModelPredictions], test: Sequence[ModelPredictions], name: str = "weighted vote"
) -> Ensemble:
    """Returns the weighted mean of the members' probabilities, with the weights that suit val best.

    Args:
        val: predictions of the members on val, where the weights are fitted.
        test: predictions of the same members, in the same order, on test.
        name: of the ensemble.

    Raises:
        DataError: where there are fewer than two members, or val and test do not fit each other.
    """
    check_pairs(val, test)
    weights = [fit_vote_weights(val[0].labels, run) for run in runs_of(val)]
    votes = [np.tensordot(weight, run, axes=1) for weight, run in zip(weights, runs_of(test), strict=True)]
    shares = map(float, np.mean(weights, axis=0))
    return Ensemble(name, dict(zip(names_of(test), shares, strict=True)), as_model(name, test, votes))


def stack(
    val: Sequence[ModelPredictions], test: Sequence[ModelPredictions], name: str = "stacked", seed: int = 0
) -> Ensemble:
    """Returns a multinomial logistic regression on the members' log-probabilities, fitted on val.

    How strongly it is held back is chosen on val too, by cross-validation of the log loss. A class without images in
    val gets a probability of 0.

    Args:
        val: predictions of the members on val.
        test: predictions of the same members, in the same order, on test.
        name: of the ensemble.
        seed: of the folds.

    Raises:
        DataError: where there are fewer than two members, val and test do not fit each other, or val has a single
            class, or a class with one image.

    Reference:
        Wolpert 1992, Stacked generalization, Neural Networks 5, 241-259.
    """
    check_pairs(val, test)
    labels, num_classes = val[0].labels, len(val[0].class_names)
    folds = folds_of(labels, seed)
    votes = []
    for val_run, test_run in zip(runs_of(val), runs_of(test), strict=True):
        regression = LogisticRegression(max_iter=1000, tol=1e-3)
        search = GridSearchCV(regression, {"C": STRENGTHS}, scoring="neg_log_loss", cv=folds)
        search.fit(features_of(val_run), labels)
        probabilities = np.zeros((test_run.shape[1], num_classes))
        probabilities[:, search.classes_] = search.predict_proba(features_of(test_run))
        votes.append(probabilities)
    return Ensemble(name, None, as_model(name, test, votes))


def fit_vote_weights(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the weights, (num_members,), of 0 or more and summing to 1, that make the log loss of the vote smallest.

    The loss is convex in the weights, so there is no other minimum to get stuck in.

    Args:
        labels: (n,), positions of the true classes.
        probabilities: (num_members, n, num_classes).
    """
    num_members, num_images, _ = probabilities.shape
    of_truth = np.maximum(probabilities[:, np.arange(num_images), labels], np.finfo(np.float64).eps)

    def loss_and_gradient(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        vote = np.maximum(weights @ of_truth, np.finfo(np.float64).eps)
        return -float(np.log(vote).mean()), -(of_truth / vote).mean(axis=1)

    found = minimize(
        loss_and_gradient,
        np.full(num_members, 1 / num_members),
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * num_members,
        constraints=LinearConstraint(np.ones(num_members), 1, 1),
        options={"ftol": 1e-9, "maxiter": 200},
    )
    weights = found.x.clip(0, None)
    return weights / weights.sum()


def runs_of(members: Sequence[ModelPredictions]) -> list[NDArray[np.float64]]:
    """Returns for each run of the ensemble the probabilities of its members, (num_members, n, num_classes)."""
    num_runs = min(member.num_seeds for member in members)
    return list(np.stack([member.probabilities[:num_runs] for member in members], axis=1))


def features_of(run: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the log-probabilities of all members side by side, (n, num_members * num_classes)."""
    return np.hstack(list(log_probabilities(run)))


def folds_of(labels: NDArray[np.int64], seed: int) -> StratifiedKFold:
    """Returns the folds of the cross-validation: as many as the rarest class has images, at most five."""
    counts = np.unique(labels, return_counts=True)[1]
    if len(counts) < 2 or counts.min() < 2:
        raise DataError(
            f"Expected two or more val images of each class to stack models, got {counts.min()} of the rarest of "
            f"{len(counts)} classes. Use a larger val split, or a vote."
        )
    return StratifiedKFold(min(MAX_FOLDS, int(counts.min())), shuffle=True, random_state=seed)


def as_model(
    name: str, members: Sequence[ModelPredictions], votes: Sequence[NDArray[np.float64]]
) -> ModelPredictions:
    """Returns the predictions of an ensemble, its runs numbered as those of its first member."""
    first = members[0]
    seeds = first.seeds[: len(votes)]
    return ModelPredictions(name, seeds, first.labels, np.stack(votes), first.has_copy, first.class_names)


def names_of(members: Sequence[ModelPredictions]) -> list[str]:
    """Returns the names of the members."""
    return [member.name for member in members]


def check_pairs(val: Sequence[ModelPredictions], test: Sequence[ModelPredictions]) -> None:
    """Raises a DataError unless val and test hold the same runs of the same two or more members."""
    check_members(val)
    check_members(test)
    of_val, of_test = ([(member.name, member.seeds, member.class_names) for member in split] for split in (val, test))
    if of_val != of_test:
        raise DataError(
            f"Expected the same runs of the same models on val and test, got {[row[:2] for row in of_val]} on val and "
            f"{[row[:2] for row in of_test]} on test. Give both splits of each run, in the same order."
        )


def check_members(members: Sequence[ModelPredictions]) -> None:
    """Raises a DataError unless there are two or more members, of different names, on the same images."""
    names = names_of(members)
    if len(members) < 2 or len(set(names)) < len(names):
        raise DataError(f"Expected two or more models of different names for an ensemble, got {names}. Add models.")
    check_same_images(*members)
