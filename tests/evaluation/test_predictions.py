import numpy as np
import pandas as pd
import pytest

from emotion_tl.errors import DataError
from emotion_tl.evaluation.predictions import checked_predictions, classes_of, predictions_table, probability_columns

NAMES = ["happy", "sad", "angry"]
LABELS = np.array([0, 1, 2])
PROBABILITIES = np.array([[0.8, 0.1, 0.1], [0.5, 0.3, 0.2], [0.1, 0.2, 0.7]], dtype=np.float32)
HAS_COPY = np.array([False, True, False])


def test_rows_are_scaled_to_sum_to_one():
    rounded = PROBABILITIES.astype(np.float16)
    labels, probabilities = checked_predictions(LABELS.tolist(), rounded, 3)
    assert labels.dtype == np.int64
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=0, atol=1e-15)
    np.testing.assert_allclose(probabilities, PROBABILITIES, atol=1e-3)


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([], np.empty((0, 3)), "at least one image"),
        ([0, 1], PROBABILITIES, r"\(n, 3\)"),
        (LABELS, PROBABILITIES[:, :2], r"\(3, 2\)"),
        ([0, 1, 3], PROBABILITIES, "from 0 to 2"),
        ([-1, 1, 2], PROBABILITIES, "from -1 to 2"),
        ([0.0, 1.0, 2.0], PROBABILITIES, "float64"),
        (LABELS, [[np.nan, 0.1, 0.1], *PROBABILITIES[1:]], "1 of 3 images"),
        (LABELS, np.log(PROBABILITIES), "softmax"),
        (LABELS, PROBABILITIES * 2, "softmax"),
    ],
)
def test_what_cannot_be_scored_is_refused(labels, probabilities, message):
    with pytest.raises(DataError, match=message):
        checked_predictions(labels, probabilities, 3)


def test_table_survives_parquet(tmp_path):
    table = predictions_table("test", ["a.png", "b.png", "c.png"], LABELS, PROBABILITIES, HAS_COPY, NAMES)
    table.to_parquet(tmp_path / "predictions.parquet")
    read = pd.read_parquet(tmp_path / "predictions.parquet")
    assert list(read.columns) == [
        *("image", "split", "label", "predicted", "confidence", "has_copy"),
        *("probability_happy", "probability_sad", "probability_angry"),
    ]
    assert read["label"].tolist() == NAMES
    assert read["predicted"].tolist() == ["happy", "happy", "angry"]
    assert read["split"].unique().tolist() == ["test"]
    assert read["has_copy"].tolist() == [False, True, False]
    assert read["confidence"].dtype == read["probability_sad"].dtype == np.float32
    np.testing.assert_array_equal(read["confidence"], PROBABILITIES.max(axis=1))
    np.testing.assert_array_equal(read.filter(like="probability_"), PROBABILITIES)
    assert classes_of(read) == tuple(NAMES)
    np.testing.assert_array_equal(read[probability_columns(classes_of(read))], PROBABILITIES)


def test_table_refuses_ids_of_another_split():
    with pytest.raises(DataError, match="2 ids"):
        predictions_table("test", ["a.png", "b.png"], LABELS, PROBABILITIES, HAS_COPY, NAMES)
