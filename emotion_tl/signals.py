"""Ends a process in order when it is told to end."""

import signal

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
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
