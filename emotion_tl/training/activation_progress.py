"""What a person watches while activations are computed: a bar on a terminal, a line a minute elsewhere."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import Progress

from emotion_tl.training.live_bar import HEARTBEAT_SECONDS, make_bar


class ActivationProgress:
    """Shows how many images are done. Shows nothing where the activations are read rather than computed.

    Attributes:
        num_computed: images computed here.
    """

    def __init__(self, title: str, num_images: int):
        """Takes what is computed and how much of it there is."""
        self.title = title
        self.num_images = num_images
        self.num_computed = 0
        self.num_found: int | None = None
        self.console = Console(highlight=False, soft_wrap=True)
        self.bar: Progress | None = None

    def update(self, num_done: int) -> None:
        """Takes how many images are done; at first those that an interrupted computation left."""
        now = time.perf_counter()
        if self.num_found is None:
            self.num_found = num_done
            self.started = self.last_sign = now
            self.start_bar()
        self.num_computed = num_done - self.num_found
        speed = f"{self.num_computed / max(now - self.started, 1e-9):,.0f} images/s" if self.num_computed else ""
        if self.bar:
            self.bar.update(self.task, completed=num_done, speed=speed)
        elif now - self.last_sign > HEARTBEAT_SECONDS:
            self.last_sign = now
            self.console.print(f"cache    {self.title}: {num_done / self.num_images:.0%}  {speed}")

    def start_bar(self) -> None:
        """Puts the bar on the terminal, where there is one."""
        if not self.console.is_terminal:
            return
        self.bar = make_bar(self.console)
        self.task = self.bar.add_task(f"cache    {self.title}", total=self.num_images, speed="")
        self.bar.start()

    def __enter__(self) -> "ActivationProgress":
        """Returns the display."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Takes the bar off the terminal."""
        if self.bar:
            self.bar.stop()
