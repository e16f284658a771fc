"""How much of a training is done now, what it goes on from, and what it leaves for the next time."""

from dataclasses import dataclass
from pathlib import Path

from emotion_tl.errors import ConfigurationError

KEEP_CHOICES = ("never", "end", "epoch")


@dataclass(frozen=True)
class Stretch:
    """A part of a training. Put together, the stretches of a training give exactly what it gives in one go.

    Attributes:
        num_epochs: epochs of the last phase after which the training stops for now, counted from the start of that
            phase; None goes on to its end. The phases before run in full, and the `epochs` of the last one stay the
            horizon of its learning rate.
        resume_from: folder of the training to go on from, which may be this one's own; None starts anew.
        keep_state: when there is something to go on from afterwards: "never", at the "end" of the stretch, or from each
            "epoch" on, so that a process may be killed at any time.
        seconds_between_states: with "epoch", an epoch that ends sooner after the last state leaves none, and where
            states take long to write there are fewer of them. 0 has each epoch leave one.
    """

    num_epochs: int | None = None
    resume_from: Path | None = None
    keep_state: str = "never"
    seconds_between_states: float = 0.0

    def __post_init__(self) -> None:
        """Checks the parts.

        Raises:
            ConfigurationError: on a number below 1 or an unknown choice.
        """
        if self.num_epochs is not None and self.num_epochs < 1:
            raise ConfigurationError(f"Stretch.num_epochs: expected 1 or more, or None. Received: {self.num_epochs}")
        if self.keep_state not in KEEP_CHOICES:
            expected = ", ".join(KEEP_CHOICES)
            raise ConfigurationError(f"Stretch.keep_state: expected one of {expected}. Received: {self.keep_state}")

    def num_epochs_of(self, num_phase_epochs: int, is_last_phase: bool) -> int:
        """Returns the epochs of a phase, counted from its start, after which this stretch leaves it."""
        if self.num_epochs is None or not is_last_phase:
            return num_phase_epochs
        return min(self.num_epochs, num_phase_epochs)
