import numpy as np
import pytest
from scipy.stats import binomtest

from emotion_tl.probing.probe_table import tabulate_probes
from tests.probing.examples import BLOCKS, BOTH, CONFIG, PRETRAINED, TEST, WITH_COPIES


@pytest.fixture(scope="module")
def table():
    return tabulate_probes(BOTH, TEST, CONFIG)


def test_a_row_for_each_weights_and_block_in_the_order_of_the_network(table):
    assert table["weights"].tolist() == ["pretrained"] * 3 + ["random"] * 3
    assert table["block"].tolist() == list(BLOCKS) * 2
    assert table["depth"].tolist() == [1, 2, 3] * 2
    assert table["num_features"].tolist() == [8, 16, 32] * 2
    assert table["accuracy"].tolist() == pytest.approx([0.5, 0.8, 0.6, 0.5, 0.45, 0.55])
    assert ((table["accuracy_low"] < table["accuracy"]) & (table["accuracy"] < table["accuracy_high"])).all()


def test_gain_is_paired_and_corrected_over_the_blocks(table):
    rows = table[table["weights"] == "pretrained"]
    assert rows["gain"].tolist() == pytest.approx([0, 0.35, 0.05])
    # The images that random weights get right are among those that pretrained ones do.
    expected = [1.0, binomtest(42, 42).pvalue, binomtest(6, 6).pvalue]
    assert rows["p_value"].tolist() == pytest.approx(expected)
    # Holm: the smallest times three, the next times two.
    assert rows["adjusted_p_value"].tolist() == pytest.approx([1.0, 3 * expected[1], 2 * expected[2]])
    # Alike on all images there is nothing to vary.
    assert (rows["gain_low"].iloc[0], rows["gain_high"].iloc[0]) == (0, 0)
    assert rows["gain_low"].iloc[1] > 0.25
    assert table.loc[table["weights"] == "random", "gain"].isna().all()


def test_leak_free_figures_leave_the_copies_out():
    table = tabulate_probes(BOTH, WITH_COPIES, CONFIG)
    # The twenty copies are all right.
    assert table["leak_free_accuracy"].tolist() == pytest.approx([0.4, 0.76, 0.52, 0.4, 0.34, 0.46])
    assert table["accuracy"].iloc[0] == 0.5
    assert (table["num_leak_free_images"] == 100).all()
    assert np.isnan(tabulate_probes(BOTH, TEST, CONFIG)["leak_free_accuracy"]).all()


def test_one_network_alone_has_no_gain():
    table = tabulate_probes({"pretrained": PRETRAINED}, TEST, CONFIG)
    assert len(table) == 3
    assert table["gain"].isna().all()
