"""Calls a function in a process of its own.

Backend, precision and determinism belong to a process, and TensorFlow gives the memory of a GPU back only when one
ends.
"""

import logging
import os
import sys
import time
from collections.abc import Callable, Collection
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from emotion_tl.errors import DeviceMemoryError, EmotionTLError, JobFailedError, reason_of
from emotion_tl.signals import CLOSING_SECONDS, end_on_signals, end_with_parent

logger = logging.getLogger(__name__)

EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells have it
# How multiprocessing tells of a process that SIGKILL has ended; Windows has neither.
KILLED = -9


def call_in_own_process(function: Callable[..., Any], *arguments: Any, terminal: Path | None = None) -> Any:
    """Returns what a function returns that was called in a process of its own.

    Args:
        function: of a module, so that the process can find it.
        terminal: file that gets what the process writes to the terminal; None leaves it there.

    Raises:
        JobFailedError: with the reason, where the function raised or the process ended.
        DeviceMemoryError: where the process was killed, as the system does when its memory runs out.
    """
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=call_and_send, args=(sender, function, arguments, terminal))
    process.start()
    sender.close()
    try:
        result, reason = receiver.recv()
    except EOFError as error:
        process.join()
        raise death_of(process) from error
    except BaseException:
        # A terminal's Ctrl-C has reached it by itself, other signals have not.
        end_processes([process])
        raise
    process.join()
    if reason is not None:
        raise JobFailedError(reason)
    return result


def end_processes(processes: Collection[BaseProcess]) -> None:
    """Interrupts processes, each of which closes its run before it ends, and kills those that do not end."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + CLOSING_SECONDS
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
        process.kill()


def death_of(process: BaseProcess) -> EmotionTLError:
    """Returns the error that tells how a process ended that said nothing itself."""
    if process.exitcode == KILLED:
        return DeviceMemoryError(
            "The process was killed without a word, as it is when the system runs out of memory. Try a smaller "
            "trainer.batch_size, trainer.evaluation_batch_size or backbone.image_size."
        )
    return JobFailedError(f"The process ended without a word, with exit code {process.exitcode}.")


def call_and_send(
    sender: Connection, function: Callable[..., Any], arguments: tuple[Any, ...], terminal: Path | None
) -> None:
    """Calls a function and sends its result, and why it failed: not every error can be sent between processes."""
    end_on_signals()
    end_with_parent()
    if terminal is not None:
        write_terminal_to(terminal)
    result, reason = None, None
    try:
        result = function(*arguments)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:
        if not isinstance(error, EmotionTLError):
            logger.exception("The process failed.")
        reason = reason_of(error)
    sender.send((result, reason))


def write_terminal_to(path: Path) -> None:
    """Sends all output of this process to a file, that of libraries outside of Python too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
