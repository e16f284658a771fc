import numpy as np
import pytest

from emotion_tl.explanation.activation_maps import to_image_maps


def test_each_map_is_scaled_by_itself_and_what_speaks_against_is_cut_off():
    evidence = np.array([[[4, 0], [-8, 2]], [[0.1, 0], [0, 0]], [[-1, -2], [0, -3]]], dtype="float32")
    found = to_image_maps(evidence, (2, 2))
    assert found.maps[0] == pytest.approx(np.array([[1, 0], [0, 0.5]]))
    assert found.maps[1] == pytest.approx(np.array([[1, 0], [0, 0]]))
    assert found.maps[2] == pytest.approx(0)
    assert found.is_empty.tolist() == [False, False, True]


def test_map_is_enlarged_to_a_maximum_of_one_where_its_evidence_is():
    evidence = np.zeros((1, 4, 4), "float32")
    evidence[0, 1, 2] = 3
    found = to_image_maps(evidence, (40, 80))
    assert found.maps.shape == (1, 40, 80)
    assert found.maps.max() == 1
    row, column = np.unravel_index(found.maps[0].argmax(), (40, 80))
    assert 10 <= row < 20
    assert 40 <= column < 60
