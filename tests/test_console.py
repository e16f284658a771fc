"""What a person reads on the terminal is what was said."""

import io

import pytest
from rich.console import Console

from emotion_tl import console as terminal
from emotion_tl.console import print_error, print_heading


@pytest.fixture
def told(monkeypatch):
    file = io.StringIO()
    monkeypatch.setattr(terminal, "console", Console(file=file, width=200, highlight=False, soft_wrap=True))
    return file


@pytest.mark.parametrize(
    "text", ["head.units=[512,256]", r"C:\faces\[bold]new", "[/] is no tag", "ends in \\", ":bell: rings"]
)
def test_brackets_and_backslashes_are_told_as_they_are(told, text):
    print_error(text)
    print_heading("Job 0", text)
    assert told.getvalue().splitlines()[0] == f"error: {text}"
    assert told.getvalue().splitlines()[-1] == text
