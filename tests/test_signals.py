"""Interruptions, which arrive wherever the process happens to be."""

import subprocess
import sys
import textwrap

PATIENCE_SECONDS = 20


def run_program(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def test_interruption_during_the_end_of_an_object_is_not_lost():
    ended = run_program(
        """
        import signal, time
        from emotion_tl.signals import end_on_signals

        class Interrupted:
            def __del__(self):
                signal.raise_signal(signal.SIGINT)

        end_on_signals()
        try:
            Interrupted()
            print("dropped", flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            print("closed")
        """
    )
    assert ended.stdout.split() == ["dropped", "closed"]
    assert ended.stderr == ""


def test_other_errors_during_the_end_of_an_object_are_told():
    ended = run_program(
        """
        from emotion_tl.signals import end_on_signals

        class Broken:
            def __del__(self):
                raise ValueError("not so")

        end_on_signals()
        Broken()
        """
    )
    assert ended.returncode == 0
    assert "ValueError: not so" in ended.stderr


def test_second_signal_does_not_interrupt_the_closing():
    ended = run_program(
        """
        import signal
        from emotion_tl.signals import end_on_signals

        end_on_signals()
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            signal.raise_signal(signal.SIGTERM)
            print("closed")
        """
    )
    assert ended.stdout.split() == ["closed"]
