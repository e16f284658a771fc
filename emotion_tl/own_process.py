"""Calls a function in a process of its own.

Backend, precision and determinism belong to a process, and TensorFlow gives the memory of a GPU back only when one
ends.
"""

import logging
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

from emotion_tl.errors import DeviceMemoryError, EmotionTLError, JobFailedError
from emotion_tl.signals import end_on_signals

logger = logging.getLogger(__name__)


def call_in_own_process(function: Callable[..., Any], *arguments: Any, terminal: Path | None = None) -> Any:
    """Returns what a function returns that was called in a process of its own.

    Args:
        function: of a module, so that the process can find it.
        terminal: file that gets what the process writes to the terminal; None leaves it there.

    Raises:
        JobFailedError: with the reason, where the function raised.
        DeviceMemoryError: where the process died.
    """
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as process:
        try:
            result, reason = process.submit(call_and_tell, function, arguments, terminal).result()
        except KeyboardInterrupt:
            # A terminal's Ctrl-C reaches the process by itself, other signals do not. It closes its run before it ends.
            for child in active_children():
                child.terminate()
            raise
        except BrokenProcessPool as error:
            raise DeviceMemoryError(
                "The process ended without a word, as it does when the system runs out of memory. Try a smaller "
                "trainer.batch_size, trainer.evaluation_batch_size or backbone.image_size."
            ) from error
    if reason is not None:
        raise JobFailedError(reason)
    return result


def call_and_tell(
    function: Callable[..., Any], arguments: tuple[Any, ...], terminal: Path | None
) -> tuple[Any, str | None]:
    """Calls a function and returns its result, and why it failed: not every error can be sent between processes."""
    end_on_signals()
    if terminal is not None:
        write_terminal_to(terminal)
    try:
        return function(*arguments), None
    except EmotionTLError as error:
        return None, str(error)
    except Exception as error:
        logger.exception("The process failed.")
        return None, f"{type(error).__name__}: {error}"


def write_terminal_to(path: Path) -> None:
    """Sends all output of this process to a file, that of libraries outside of Python too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
