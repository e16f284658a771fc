"""Ends a process in order when it is told to end, or when the one that started it is gone."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM)
CLOSING_SECONDS = 60
"""In which an interrupted process closes its run; one that takes longer is killed."""
SECONDS_UNTIL_AGAIN = 0.1


def end_on_signals() -> None:
    """Ends a run in order on Ctrl-C, and on SIGTERM, by which a cluster ends its jobs."""
    for number in ENDING_SIGNALS:
        # A shell that starts a job in the background shields it from the terminal's Ctrl-C.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupt)
    sys.unraisablehook = interrupt_again


def interrupt(*_: object) -> None:
    """Interrupts what is going on, once: a second signal would interrupt the closing of the run."""
    for number in ENDING_SIGNALS:
        # Not SIG_IGN: Python would tell of a signal that is under way at this moment with a traceback.
        signal.signal(number, ignore)
    raise KeyboardInterrupt


def ignore(*_: object) -> None:
    """Does nothing."""


def interrupt_again(unraisable: "UnraisableHookArgs") -> None:
    """Interrupts a little later where Python has dropped the interruption, and else tells what it dropped.

    It drops what is raised while it destroys an object. TensorFlow has it destroy functions at the end of each epoch:
    of 268 interruptions of a network with very short epochs 21 were lost there, and the training went on.
    """
    if unraisable.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(unraisable)
        return
    signal.signal(signal.SIGTERM, interrupt)
    timer = threading.Timer(SECONDS_UNTIL_AGAIN, os.kill, (os.getpid(), signal.SIGTERM))
    timer.daemon = True
    timer.start()


def end_with_parent() -> None:
    """Interrupts this process, which another one started, when that one dies: nobody would wait for what it does."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(CLOSING_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
