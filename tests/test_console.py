"""What a person reads on the terminal is what was said."""

import io
import logging

import pytest
from rich.console import Console

from emotion_tl import console as terminal
from emotion_tl.console import configure_logging, print_error, print_heading


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


@pytest.fixture
def package_log():
    """Puts back how the package's log was set up."""
    logger = logging.getLogger("emotion_tl")
    before = logger.level, logger.propagate, list(logger.handlers)
    yield logging.getLogger("emotion_tl.data")
    logger.level, logger.propagate, logger.handlers = before


@pytest.mark.parametrize(("each_once", "expected"), [(True, ["a.png", "b.png"]), (False, ["a.png", "a.png", "b.png"])])
def test_a_command_that_looks_twice_tells_each_thing_once(told, package_log, each_once, expected):
    configure_logging(None, each_once)
    for name in ("a.png", "a.png", "b.png"):
        package_log.warning("%s is left out", name)
    assert [line.split()[1] for line in told.getvalue().splitlines()] == expected
