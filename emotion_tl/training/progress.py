"""What a person watches while the network learns: a live bar on a terminal, plain lines elsewhere."""

import time

import keras
from rich.console import Console
from rich.progress import Progress

from emotion_tl.training.best_epoch import BestEpoch
from emotion_tl.training.live_bar import HEARTBEAT_SECONDS, make_bar


class ProgressDisplay(keras.callbacks.Callback):
    """Shows the batches of an epoch as they go by and leaves one line an epoch.

    Stands behind `BestEpochCallback`, whose verdict on the epoch it shows.
    """

    def __init__(self, phase: str, first_epoch: int, num_epochs: int, batch_size: int, best: BestEpoch):
        """Takes the number of epochs before this phase and in it."""
        super().__init__()
        self.phase = phase
        self.last_epoch = first_epoch + num_epochs
        self.batch_size = batch_size
        self.width = max(len(phase), len(f"epoch {self.last_epoch}/{self.last_epoch}"), 12)
        self.best = best
        self.console = Console(highlight=False, soft_wrap=True)
        self.bar: Progress | None = None
        # Until the first batches are done: the network is traced or compiled in them, and never again in this phase.
        self.seconds_preparing: float | None = None

    def on_epoch_begin(self, epoch, logs=None):
        self.started = self.last_sign = time.perf_counter()
        self.seconds_training = 0.0
        self.title = f"{self.phase}  epoch {epoch + 1}/{self.last_epoch}"
        if self.console.is_terminal:
            self.bar = make_bar(self.console)
            self.task = self.bar.add_task(self.title, total=self.params["steps"], speed="")
            self.bar.start()

    def on_train_batch_end(self, batch, logs=None):
        elapsed = time.perf_counter() - self.started
        # Keras counts several batches at once beyond the last one.
        num_done = min(batch + 1, self.params["steps"])
        speed = f"{num_done * self.batch_size / elapsed:,.0f} images/s"
        if self.seconds_preparing is None:
            self.seconds_preparing = elapsed
        if self.bar:
            self.bar.update(self.task, completed=num_done, speed=speed)
        elif time.perf_counter() - self.last_sign > HEARTBEAT_SECONDS:
            self.last_sign = time.perf_counter()
            self.console.print(f"{self.title}  {num_done / self.params['steps']:.0%}  {speed}")

    def on_test_begin(self, logs=None):
        self.seconds_training = time.perf_counter() - self.started
        if self.bar:
            self.bar.update(self.task, speed="validating")

    def on_train_begin(self, logs=None):
        self.console.print(
            f"{self.phase:<{self.width}}   loss  accuracy | "
            "val loss  accuracy  macro-F1 | images/s    time    left  (* best)"
        )

    def on_epoch_end(self, epoch, logs=None):
        self.close()
        logs = logs or {}
        seconds = time.perf_counter() - self.started
        speed = self.params["steps"] * self.batch_size / max(self.seconds_training, 1e-9)
        left = (seconds - (self.seconds_preparing or 0.0)) * (self.last_epoch - epoch - 1)
        self.seconds_preparing = 0.0
        self.console.print(
            f"{f'epoch {epoch + 1}/{self.last_epoch}':<{self.width}} {logs['loss']:6.3f} {logs['accuracy']:9.1%} | "
            f"{logs['val_loss']:8.3f} {logs['val_accuracy']:9.1%} {logs['val_macro_f1']:9.3f} | "
            f"{speed:8,.0f} {clock(seconds):>7} {clock(left):>7}{'  *' if self.best.epoch == epoch + 1 else ''}"
        )

    def close(self) -> None:
        """Takes the live bar off the terminal; also needed when the training was interrupted."""
        if self.bar:
            self.bar.stop()
            self.bar = None


def clock(seconds: float) -> str:
    """Returns a duration as m:ss or h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
