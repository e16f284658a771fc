import math

import pytest

from emotion_tl.duration import told_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.52, "0.5 s"),
        (5.44, "5.4 s"),
        (9.97, "10 s"),
        (99, "99 s"),
        (150, "2.5 min"),
        (5400, "90 min"),
        (7200, "2.0 h"),
        (90000, "25 h"),
        (math.nan, "–"),
    ],
)
def test_time_is_told_in_the_unit_a_person_would_use(seconds, text):
    assert told_duration(seconds) == text
