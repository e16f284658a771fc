"""Ends a process in order when it is told to end, or when the one that started it is gone."""

import multiprocessing
import os
import signal
import threading

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def end_on_signals() -> None:
    """Ends a run in order on Ctrl-C, and on SIGTERM, by which a cluster ends its jobs."""
    for number in ENDING_SIGNALS:
        # A shell that starts a job in the background shields it from the terminal's Ctrl-C.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupt)


def interrupt(*_: object) -> None:
    """Interrupts what is going on, once: a second signal would interrupt the closing of the run."""
    for number in ENDING_SIGNALS:
        # Not SIG_IGN: Python would tell of a signal that is under way at this moment with a traceback.
        signal.signal(number, ignore)
    raise KeyboardInterrupt


def ignore(*_: object) -> None:
    """Does nothing."""


def end_with_parent() -> None:
    """Interrupts this process, which another one started, when that one dies: nobody would wait for what it does."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
