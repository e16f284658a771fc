import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from emotion_tl.evaluation.figure_style import save_figure
from emotion_tl.evaluation.figures import (
    class_distribution,
    confusion_matrix_figure,
    per_class_f1_figure,
    reliability_diagram,
)
from emotion_tl.evaluation.gallery import mistakes_gallery, surest_mistakes
from emotion_tl.evaluation.learning_curves import learning_curves
from emotion_tl.evaluation.metrics import compute_metrics
from tests.evaluation.examples import draw_predictions, sure_predictions

LONG_NAME = "happily surprised with the mouth wide open"


def class_names(num_classes: int) -> list[str]:
    return [LONG_NAME, *(f"class {position}" for position in range(1, num_classes))]


def draw_history(*phases: tuple[str, int], best: int) -> pd.DataFrame:
    names = [name for name, num_epochs in phases for _ in range(num_epochs)]
    epochs = np.arange(1, len(names) + 1)
    columns = {
        "loss": 2 / epochs,
        "val_loss": 2.2 / epochs,
        "accuracy": 1 - 0.8 / epochs,
        "val_accuracy": 1 - 0.9 / epochs,
    }
    return pd.DataFrame({"epoch": epochs, "phase": names, **columns, "best": epochs == best})


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text)]


def assert_readable(figure: Figure) -> None:
    """Draws the figure 1000 px wide, and finds nothing cut off at its edges and no text small."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    width, height = figure.get_size_inches()
    assert width * figure.dpi == 1000
    drawn = figure.get_tightbbox(canvas.get_renderer())
    assert min(drawn.x0, drawn.y0) >= -0.01
    assert drawn.x1 <= width + 0.01
    assert drawn.y1 <= height + 0.01
    assert min(text.get_fontsize() for text in figure.findobj(Text)) >= 9


@pytest.mark.parametrize("num_classes", [2, 7, 20])
def test_figures_are_readable_with_any_number_of_classes(num_classes):
    names = class_names(num_classes)
    labels, probabilities = draw_predictions(300, num_classes)
    metrics = compute_metrics(labels, probabilities, names)
    counts = np.bincount(labels, minlength=num_classes)
    mistakes = surest_mistakes(labels, probabilities, 9)
    images = np.zeros((len(mistakes), 8, 8, 3), dtype=np.uint8)
    assert_readable(confusion_matrix_figure(metrics["confusion_matrix"], names))
    assert_readable(reliability_diagram(labels, probabilities))
    assert_readable(per_class_f1_figure(metrics["per_class"]))
    assert_readable(class_distribution({"train": counts * 9, "val": counts, "test": counts}, names))
    assert_readable(mistakes_gallery(images, labels[mistakes], probabilities[mistakes], names))


def test_dollars_in_a_class_name_are_no_formula(tmp_path):
    names = ["$_$", "$x$", "$100$"]
    labels, probabilities = draw_predictions(60, 3)
    metrics = compute_metrics(labels, probabilities, names)
    mistakes = surest_mistakes(labels, probabilities, 9)
    images = np.zeros((len(mistakes), 8, 8, 3), dtype=np.uint8)
    counts = np.bincount(labels, minlength=3)
    for figure in (
        confusion_matrix_figure(metrics["confusion_matrix"], names),
        per_class_f1_figure(metrics["per_class"]),
        class_distribution({"train": counts, "test": counts}, names),
        mistakes_gallery(images, labels[mistakes], probabilities[mistakes], names),
    ):
        save_figure(figure, tmp_path / "figure.png")
        assert not any(text.get_parse_math() for text in figure.findobj(Text) if "$" in text.get_text())


def test_confusion_matrix_shows_shares_of_rows_and_counts():
    figure = confusion_matrix_figure([[3, 1, 0], [2, 2, 0], [0, 0, 0]], ["a", "b", "c"])
    shown = texts(figure)
    assert {"75", "(3)", "25", "(1)", "50", "(2)", "0", "(0)"} <= set(shown)
    assert shown.count("(0)") == 2  # the row of the class without images stays empty
    assert "Confusion on test: 62.5 % of 8 images right" in shown


def test_reliability_diagram_shows_the_error():
    labels = np.array([0, 0, 0, 1])
    shown = texts(reliability_diagram(labels, sure_predictions(np.zeros(4, dtype=int), 2)))
    assert "Reliability on test: expected calibration error 0.150" in shown
    assert "Mean confidence 90.0 %, accuracy 75.0 %" in shown


def test_f1_figure_has_whiskers_only_where_there_are_intervals():
    bare = [{"class": "a", "f1": 0.5, "support": 3}, {"class": "b", "f1": None, "support": 0}]
    known = [{**bare[0], "f1_low": 0.4, "f1_high": 0.6}, {**bare[1], "f1_low": None, "f1_high": None}]
    assert not any("whiskers" in text for text in texts(per_class_f1_figure(bare)))
    figure = per_class_f1_figure(known)
    assert any("whiskers" in text for text in texts(figure))
    assert "no images" in texts(figure)
    assert "F1 of each class on test: macro-F1 0.500" in texts(figure)
    assert [0.4, 0.6] in [list(line.get_xdata()) for line in figure.axes[0].lines]


def test_class_distribution_names_the_extremes():
    figure = class_distribution({"train": [10, 30, 20], "test": [1, 3, 2]}, ["sad", "happy", "angry"])
    assert "Classes by split: most images are happy, fewest sad" in texts(figure)
    assert [round(bar.get_width(), 3) for bar in figure.axes[0].containers[0]] == [0.167, 0.5, 0.333]


def test_learning_curves_mark_phases_and_the_kept_epoch():
    figure = learning_curves(draw_history(("frozen", 3), ("unfrozen", 5), best=6))
    assert_readable(figure)
    assert {"frozen", "unfrozen", "Loss and accuracy over 8 epochs; kept: epoch 6, val accuracy 85.0 %"} <= set(
        texts(figure)
    )
    for axis in figure.axes:
        lines = {line.get_label(): line for line in axis.lines}
        assert list(lines["kept epoch"].get_xdata()) == [6]
        assert [line.get_xdata()[0] for line in axis.lines if line.get_linestyle() == "--"] == [3.5]


@pytest.mark.parametrize(
    "phases",
    [[("from_scratch", 1)], [("frozen", 1), ("unfrozen", 1)], [(f"unfreeze_block_{i}", 1) for i in range(12)]],
)
def test_learning_curves_of_short_phases_are_readable(phases):
    figure = learning_curves(draw_history(*phases, best=1))
    assert_readable(figure)
    assert all(float(label.get_text()).is_integer() for label in figure.axes[1].get_xticklabels())


def test_learning_curves_without_a_kept_epoch_or_finite_loss():
    history = draw_history(("frozen", 4), best=0)
    history.loc[3, ["loss", "val_loss"]] = [np.inf, np.nan]
    figure = learning_curves(history)
    assert_readable(figure)
    assert "Loss and accuracy over 4 epochs" in texts(figure)
    assert "kept epoch" not in texts(figure)


def test_surest_mistakes_come_first():
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])
    labels = np.array([0, 1, 0, 0])
    assert surest_mistakes(labels, probabilities, 10).tolist() == [2, 3, 1]
    assert surest_mistakes(labels, probabilities, 2).tolist() == [2, 3]
    assert surest_mistakes(labels[:1], probabilities[:1], 2).tolist() == []


def test_gallery_shows_label_and_prediction():
    images = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4, 1)
    figure = mistakes_gallery(images, [0, 1], [[0.1, 0.9], [0.8, 0.2]], ["sad", "happy"])
    assert {"sad", "happy 90 %", "happy", "sad 80 %"} <= set(texts(figure))
    shown = figure.axes[0].images[0]
    np.testing.assert_array_equal(shown.get_array(), images[0, ..., 0])
    assert shown.get_clim() == (0, 255)


def test_gallery_without_mistakes_says_so():
    figure = mistakes_gallery(np.empty((0, 4, 4, 1), dtype=np.uint8), [], [], ["a", "b"])
    assert_readable(figure)
    assert texts(figure) == ["No mistakes on test"]


def test_neither_pyplot_nor_keras_nor_mlflow_is_imported():
    script = """
import sys
from emotion_tl.evaluation import figures, gallery, learning_curves, report
print([name for name in ("matplotlib.pyplot", "keras", "tensorflow", "jax", "mlflow") if name in sys.modules])
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
