import pytest

from emotion_tl.evaluation.told import told_level, told_share


@pytest.mark.parametrize(
    ("level", "told"),
    [(0.95, "95 %"), (0.975, "97.5 %"), (0.999, "99.9 %"), (1 - 0.05 / 3, "98.33 %"), (1 - 0.0001 / 4, "99.9975 %")],
)
def test_a_level_is_never_rounded_to_another_whole_number(level, told):
    assert told_level(level) == told


def test_a_share_has_one_decimal():
    assert [told_share(share) for share in (0.6289, 0.005, 1.0)] == ["62.9 %", "0.5 %", "100.0 %"]
