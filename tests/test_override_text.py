import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from emotion_tl.override_text import number_text, value_text

VALUES = [
    None,
    True,
    False,
    0,
    -3,
    512,
    0.3,
    1.0,
    1e-05,
    2.5e12,
    [],
    [512, 256],
    [[], None, "a b", 0.1],
    {"a": 1, "b": [True, "x,y"]},
    "inceptionv3",
    "block_6_project_BN",
    "a/b.c-d",
    "null",
    "True",
    "nan",
    "1",
    "1e-3",
    "-1",
    "",
    "two words",
    "it's",
    "[a,b]",
    "a=b",
    "a,b",
    "{x: 1}",
    "C:\\faces\\",
    "\\'",
    "a\\'b\\\\",
    "tab\there",
    "émotion",
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_hydra_reads_back_what_was_written(value):
    (override,) = OverridesParser.create().parse_overrides([f"key={value_text(value)}"])
    read = override.value()
    assert (read, type(read)) == (value, type(value))


def test_numbers_lose_what_binary_fractions_and_32_bits_add():
    assert value_text(0.1 + 0.2) == "0.3"
    assert value_text(0.30000001192092896) == "0.3"
    assert number_text(0.000321534567, integer=False) == "0.000321535"
    assert number_text(3.0, integer=True) == "3"
    assert number_text(3, integer=False) == "3.0"
