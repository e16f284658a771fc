import pytest

from emotion_tl.duration import told_duration


@pytest.mark.parametrize(
    ("seconds", "text"), [(5.4, "5 s"), (99, "99 s"), (150, "2 min"), (5400, "90 min"), (9000, "2.5 h")]
)
def test_time_is_told_in_one_unit(seconds, text):
    assert told_duration(seconds) == text
