import json
import warnings

import numpy as np
import pytest
from sklearn import metrics as reference

from emotion_tl.evaluation.metrics import compute_metrics
from tests.evaluation.examples import draw_predictions, sure_predictions

NAMES = ["happy", "sad", "angry", "neutral"]


def test_agrees_with_scikit_learn():
    labels, probabilities = draw_predictions(500, 4)
    predicted = probabilities.argmax(axis=1)
    metrics = compute_metrics(labels, probabilities, NAMES)
    expected = {
        "accuracy": reference.accuracy_score(labels, predicted),
        "balanced_accuracy": reference.balanced_accuracy_score(labels, predicted),
        "macro_precision": reference.precision_score(labels, predicted, average="macro"),
        "macro_f1": reference.f1_score(labels, predicted, average="macro"),
        "weighted_recall": reference.recall_score(labels, predicted, average="weighted"),
        "weighted_f1": reference.f1_score(labels, predicted, average="weighted"),
        "top_2_accuracy": reference.top_k_accuracy_score(labels, probabilities, k=2),
        "log_loss": reference.log_loss(labels, probabilities),
        "roc_auc_ovr": reference.roc_auc_score(labels, probabilities, multi_class="ovr"),
        "brier_score": np.square(probabilities - np.eye(4)[labels]).sum(axis=1).mean(),
    }
    for name, value in expected.items():
        assert metrics[name] == pytest.approx(value, rel=1e-12), name
    assert metrics["confusion_matrix"] == reference.confusion_matrix(labels, predicted).tolist()
    assert sum(row["support"] for row in metrics["per_class"]) == metrics["num_images"] == 500
    assert [row["class"] for row in metrics["per_class"]] == NAMES


def test_two_classes():
    labels, probabilities = draw_predictions(200, 2)
    metrics = compute_metrics(labels, probabilities, ["no", "yes"])
    assert "top_2_accuracy" not in metrics
    assert metrics["roc_auc_ovr"] == pytest.approx(reference.roc_auc_score(labels, probabilities[:, 1]))
    assert metrics["brier_score"] == pytest.approx(2 * reference.brier_score_loss(labels, probabilities[:, 1]))


def test_a_class_without_images_counts_in_no_average():
    # Class 3 has no image, but one image is taken for it.
    labels = np.array([0, 0, 1, 1, 2, 2])
    metrics = compute_metrics(labels, sure_predictions(np.array([0, 0, 1, 3, 2, 0]), 4), NAMES)
    assert metrics["balanced_accuracy"] == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert metrics["macro_f1"] == pytest.approx((4 / 5 + 2 / 3 + 2 / 3) / 3)
    assert metrics["per_class"][3] == {"class": "neutral", "precision": None, "recall": None, "f1": None, "support": 0}
    assert metrics["confusion_matrix"][3] == [0, 0, 0, 0]
    assert 0.5 < metrics["roc_auc_ovr"] < 1


def test_a_class_never_predicted_has_an_f1_of_zero():
    metrics = compute_metrics([0, 1], sure_predictions(np.array([0, 0]), 2), ["a", "b"])
    assert metrics["per_class"][1] == {"class": "b", "precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1}
    assert metrics["macro_f1"] == pytest.approx((2 / 3 + 0) / 2)


@pytest.mark.parametrize("labels", [[1, 1, 1], [2]])
def test_one_class_alone(labels):
    metrics = compute_metrics(labels, sure_predictions(np.ones(len(labels), dtype=int), 3), NAMES[:3])
    assert metrics["roc_auc_ovr"] is None
    assert metrics["macro_recall"] == metrics["accuracy"] == float(labels[0] == 1)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_is_json_and_warns_of_nothing(dtype):
    labels, probabilities = draw_predictions(300, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metrics = compute_metrics(labels, probabilities.astype(dtype), NAMES)
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics
    assert metrics["log_loss"] == pytest.approx(reference.log_loss(labels, probabilities), rel=1e-3)


def test_a_probability_of_zero_for_the_truth_is_finite():
    metrics = compute_metrics([1], np.array([[1.0, 0.0]]), ["a", "b"])
    assert 30 < metrics["log_loss"] < 40
    assert metrics["brier_score"] == 2
