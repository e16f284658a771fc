import json
import re

import numpy as np
import pytest

from emotion_tl.config import EvaluationConfig
from emotion_tl.errors import DataError
from emotion_tl.evaluation.metrics import compute_metrics
from emotion_tl.evaluation.report import evaluate, flatten_metrics, metric_keys
from tests.evaluation.examples import draw_predictions, sure_predictions

CONFIG = EvaluationConfig(num_bootstrap_resamples=100)
NAMES = ["happy", "sad", "angry"]


def test_leak_free_part_leaves_the_copies_out():
    labels, probabilities = draw_predictions(200, 3)
    has_copy = np.arange(200) < 50
    evaluation = evaluate(labels, probabilities, NAMES, has_copy, CONFIG)
    assert evaluation["num_copies"] == 50
    assert evaluation["official"]["num_images"] == 200
    without = compute_metrics(labels[50:], probabilities[50:], NAMES)
    assert {name: evaluation["leak_free"][name] for name in ("num_images", "accuracy", "log_loss")} == {
        name: without[name] for name in ("num_images", "accuracy", "log_loss")
    }
    assert evaluation["leak_free"]["intervals"] != evaluation["official"]["intervals"]
    assert json.loads(json.dumps(evaluation, allow_nan=False)) == evaluation


@pytest.mark.parametrize("copied", [False, True])
def test_no_leak_free_part_where_none_or_all_are_copies(copied):
    labels, probabilities = draw_predictions(30, 3)
    evaluation = evaluate(labels, probabilities, NAMES, np.full(30, copied), CONFIG)
    assert evaluation["leak_free"] is None
    assert evaluation["num_copies"] == 30 * copied
    assert not any("leak_free" in name for name in flatten_metrics(evaluation, "test"))


def test_has_copy_of_another_split_is_refused():
    labels, probabilities = draw_predictions(30, 3)
    with pytest.raises(DataError, match=r"\(29,\)"):
        evaluate(labels, probabilities, NAMES, np.zeros(29, dtype=bool), CONFIG)


def test_calibration_bins_of_the_config_are_used():
    labels, probabilities = draw_predictions(200, 3)
    has_copy = np.zeros(200, dtype=bool)
    errors = [
        evaluate(labels, probabilities, NAMES, has_copy, EvaluationConfig(100, num_calibration_bins=num_bins))
        for num_bins in (1, 40)
    ]
    coarse, fine = (evaluation["official"] for evaluation in errors)
    assert coarse["expected_calibration_error"] < fine["expected_calibration_error"]
    assert coarse["intervals"]["expected_calibration_error"] != fine["intervals"]["expected_calibration_error"]


def test_flat_metrics_are_floats_under_the_expected_keys():
    labels, probabilities = draw_predictions(200, 3)
    evaluation = evaluate(labels, probabilities, NAMES, np.arange(200) < 50, CONFIG)
    flat = flatten_metrics(evaluation, "test")
    assert all(type(value) is float and np.isfinite(value) for value in flat.values())
    assert flat["test_accuracy"] == evaluation["official"]["accuracy"]
    assert flat["test_macro_f1_low"] == evaluation["official"]["intervals"]["macro_f1"]["low"]
    assert flat["test_leak_free_accuracy_high"] == evaluation["leak_free"]["intervals"]["accuracy"]["high"]
    assert flat["test_recall_happy"] == evaluation["official"]["per_class"][0]["recall"]
    assert flat["test_leak_free_f1_angry"] == evaluation["leak_free"]["per_class"][2]["f1"]
    assert flat["test_num_images"] == 200
    assert flat["test_num_copies"] == 50


def test_a_class_without_images_is_left_out():
    labels = np.array([0, 0, 1, 1])
    evaluation = evaluate(labels, sure_predictions(labels, 3), NAMES, np.zeros(4, dtype=bool), CONFIG)
    assert evaluation["official"]["per_class"][2]["f1_high"] is None
    flat = flatten_metrics(evaluation, "val")
    assert flat["val_f1_sad"] == 1
    assert "val_f1_angry" not in flat
    assert "val_recall_angry" not in flat


def test_one_image_is_evaluated_without_intervals():
    evaluation = evaluate([0], [[0.9, 0.1]], ["a", "b"], [False], CONFIG)
    assert evaluation["official"]["intervals"] == {}
    assert flatten_metrics(evaluation, "test")["test_accuracy"] == 1


def test_class_names_become_keys_that_mlflow_takes():
    keys = metric_keys(["Non Depressed", "sad/angry", "sad angry", "überrascht", "a=b|c", "neutral"])
    assert keys == ["Non_Depressed", "sad_angry", "sad_angry_2", "überrascht", "a_b_c", "neutral"]
    assert all(re.fullmatch(r"[\w.\- :]+", key) for key in keys)
