"""Progress where there is no terminal, and on one."""

import os
import subprocess
import sys

import pytest

from emotion_tl.data.progress import track

SCRIPT = "from emotion_tl.data.progress import track; print(sum(track(range(500), 500, 'Packing faces')))"


def test_plain_lines_go_to_stderr(capfd):
    assert list(track(range(3), 3, "Packing faces")) == [0, 1, 2]
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Packing faces: 3 in ")
    assert "\x1b" not in captured.err


def test_a_bar_on_a_terminal_and_a_clean_stdout():
    pty = pytest.importorskip("pty", reason="This system has no pseudo-terminals.")
    controller, terminal = pty.openpty()
    environment = os.environ | {"TERM": "xterm"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=terminal, env=environment, check=True
    )
    os.close(terminal)
    shown = os.read(controller, 100_000).decode()
    os.close(controller)
    assert done.stdout == b"124750\n"
    assert "500/500" in shown
