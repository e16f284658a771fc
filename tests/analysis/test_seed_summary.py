import numpy as np
import pytest

from emotion_tl.analysis.model_predictions import ModelPredictions
from emotion_tl.analysis.seed_summary import summarise_seeds
from emotion_tl.errors import DataError
from emotion_tl.evaluation.intervals import bootstrap_intervals
from emotion_tl.evaluation.metrics import compute_metrics
from tests.analysis.simulated_models import Scene, draw_models


def draw(num_seeds: int, seed: int = 0, num_images: int = 300, deviation: float = 0.02) -> ModelPredictions:
    scene = Scene(num_seeds, 1, deviation, 0, num_images=num_images)
    return draw_models(scene, np.random.default_rng(seed))[0]


def test_means_and_deviations_are_those_of_the_metrics_of_the_runs():
    model = draw(3)
    summary = summarise_seeds(model, 100)
    runs = [compute_metrics(model.labels, run, model.class_names) for run in model.probabilities]
    for spread, name in ((summary.accuracy, "accuracy"), (summary.macro_f1, "macro_f1")):
        values = [run[name] for run in runs]
        assert spread.per_seed == pytest.approx(values)
        assert spread.mean == pytest.approx(np.mean(values))
        assert spread.standard_deviation == pytest.approx(np.std(values, ddof=1))
        assert spread.low < spread.mean < spread.high
    recalls = {
        row["class"]: np.mean([run["per_class"][position]["recall"] for run in runs])
        for position, row in enumerate(runs[0]["per_class"])
    }
    assert {name: recall.mean for name, recall in summary.class_recall.items()} == pytest.approx(recalls)
    assert all(recall.low < recall.mean < recall.high for recall in summary.class_recall.values())
    assert (summary.name, summary.seeds, summary.num_images) == ("candidate", (0, 1, 2), 300)
    assert summary.covers_seeds


def test_one_run_has_the_bootstrap_interval_over_images():
    model = draw(1)
    summary = summarise_seeds(model, 200, confidence_level=0.9, seed=3)
    expected = bootstrap_intervals(model.labels, model.probabilities[0], 200, 0.9, seed=3)
    for spread, name in ((summary.accuracy, "accuracy"), (summary.macro_f1, "macro_f1")):
        assert (spread.low, spread.high) == pytest.approx(tuple(expected[name].values()))
        assert spread.standard_deviation is None
    assert not summary.covers_seeds


def test_a_class_without_images_has_no_recall():
    model = draw(2)
    kept = model.labels != 4
    without = ModelPredictions(
        "a", model.seeds, model.labels[kept], model.probabilities[:, kept], model.has_copy[kept], model.class_names
    )
    assert list(summarise_seeds(without, 20).class_recall) == [f"class {position}" for position in (0, 1, 2, 3, 5, 6)]


def test_one_image_is_not_enough():
    with pytest.raises(DataError, match="two or more images"):
        summarise_seeds(draw(2, num_images=1), 20)


def covered(num_trials: int, num_seeds: int, num_images: int, deviation: float) -> float:
    """Returns how often the interval holds the true accuracy of 0.65."""
    holds = []
    for trial in range(num_trials):
        spread = summarise_seeds(draw(num_seeds, trial, num_images, deviation), 20).accuracy
        holds.append(spread.low <= 0.65 <= spread.high)
    return float(np.mean(holds))


def test_interval_covers_the_true_accuracy():
    # Standard error 0.015. Over images alone it would be about 0.85 here.
    assert 0.915 <= covered(200, 3, 300, 0.03) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("num_seeds", [2, 3, 5])
def test_interval_covers_the_true_accuracy_as_often_as_it_says(num_seeds):
    assert 0.935 <= covered(1000, num_seeds, 1000, 0.01) <= 0.99
