import numpy as np
import pandas as pd
import pytest

from emotion_tl.tuning.figures import MAX_PARAMETERS, search_figure
from emotion_tl.tuning.importance import Importances, parameter_importances
from tests.evaluation.test_figures import assert_readable, texts
from tests.tuning.searches import make_trials

LONG_NAMES = [f"a_rather_long_name_of_a_parameter_number_{number}" for number in range(15)]
NONE = Importances(pd.DataFrame({"parameter": [], "importance": [], "spread": []}), np.nan, "Importance: needs more.")


@pytest.mark.parametrize(("num_trials", "num_failed"), [(1, 0), (1, 1), (8, 1), (60, 6)])
def test_figure_is_readable_with_few_and_many_trials(num_trials, num_failed):
    trials, space = make_trials(num_trials, num_failed=num_failed)
    figure = search_figure(trials, parameter_importances(trials, space), "val_accuracy", "head")
    assert_readable(figure)


def test_figure_is_readable_with_long_names():
    trials, _ = make_trials(20)
    table = pd.DataFrame({"parameter": LONG_NAMES, "importance": np.linspace(0.5, -0.01, 15), "spread": 0.02})
    figure = search_figure(trials, Importances(table, 0.8, "They explain a lot."), "val_accuracy", "x" * 80)
    assert_readable(figure)
    assert len(figure.axes[1].get_yticklabels()) == MAX_PARAMETERS


@pytest.mark.parametrize(("objective", "best_of"), [("val_accuracy", np.maximum), ("val_log_loss", np.minimum)])
def test_the_line_is_the_best_so_far(objective, best_of):
    trials, _ = make_trials(20, num_failed=2)
    figure = search_figure(trials, NONE, objective, "head")
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    finished = trials[trials["status"] == "finished"]
    np.testing.assert_allclose(lines["best so far"].get_ydata(), best_of.accumulate(finished["value"]))
    np.testing.assert_array_equal(lines["failed"].get_xdata(), [0, 1])
    best = finished.loc[finished["value"].idxmax() if best_of is np.maximum else finished["value"].idxmin()]
    assert f"best: trial {best['number']}" in lines
    assert "18 trials finished, 2 failed" in texts(figure)


def test_bars_are_the_importances():
    trials, space = make_trials(40)
    importances = parameter_importances(trials, space)
    lower = search_figure(trials, importances, "val_accuracy", "head").axes[1]
    widths = [bar.get_width() for bar in lower.containers[0]]
    np.testing.assert_allclose(widths, importances.table["importance"].clip(lower=0))
    assert lower.get_title(loc="left") == importances.note
