"""The ensembles of a comparison: on images without a copy too, and what is said where one cannot be fitted."""

import pytest

from emotion_tl.analysis.comparison import Comparison, compare_records
from emotion_tl.analysis.ensemble_results import try_ensembles
from emotion_tl.analysis.ensembles import plain_vote
from emotion_tl.analysis.findings import find_all
from emotion_tl.analysis.report.use import use_section
from emotion_tl.command_config import CompareConfig
from emotion_tl.config import TrackingConfig
from emotion_tl.html_report.blocks import cell_text
from emotion_tl.tracking.run_record import read_records
from tests.analysis.simulated_runs import SHARES, log_run, store


def compare(folder, shares: tuple[float, ...] = SHARES) -> Comparison:
    for backbone, accuracy in (("inceptionv3", 0.7), ("baseline_cnn", 0.6)):
        log_run(folder, [f"backbone={backbone}"], accuracy, shares=shares)
    config = CompareConfig(num_bootstrap_resamples=50, tracking=TrackingConfig(uri=store(folder)))
    return compare_records(read_records(config.tracking, None, []), config, "simulated")


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    return compare(tmp_path_factory.mktemp("voting"))


def use_of(comparison: Comparison):
    """Returns the last paragraph and the table of the ensembles."""
    *_, paragraph, table = use_section(comparison, find_all(comparison)).blocks
    return paragraph.text, table


def test_ensembles_have_figures_on_the_images_without_a_copy(comparison):
    ensembles = try_ensembles(comparison)
    assert ensembles.not_stacked is None
    vote = plain_vote([model.test for model in comparison.models]).test
    expected = vote.right[:, ~vote.has_copy].mean()
    assert ensembles.results[0].leak_free_summary.accuracy.mean == pytest.approx(expected)
    assert ensembles.results[0].leak_free_summary.num_images == 810
    text, table = use_of(comparison)
    assert text == "The weights of the models and the stacked classifier were fitted on val; test was predicted once."
    (column,) = [column for column in table.columns if "leak-free" in column.heading]
    assert cell_text(column, table.rows[0]).startswith(f"{100 * expected:.1f} (")


def test_where_stacking_fails_it_is_said_why(tmp_path):
    # A single val image of the first class.
    few = compare(tmp_path, shares=(0.0012, 0.4994, 0.4994))
    assert [ensemble.name for ensemble in try_ensembles(few).results] == ["mean of all models", "weighted vote"]
    text, table = use_of(few)
    assert len(table.rows) == 2
    assert "the stacked classifier were fitted" not in text
    assert (
        "There is no stacked classifier: Expected two or more val images of each class to stack models, got 1 of the "
        "rarest of 3 classes." in text
    )
