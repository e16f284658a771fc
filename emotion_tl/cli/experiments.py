"""Runs one experiment and tells what it found."""

from pathlib import Path

from emotion_tl.config import ExperimentConfig
from emotion_tl.console import configure_logging
from emotion_tl.runtime import select_backend
from emotion_tl.system_errors import system_errors_told


def run_and_tell(config: ExperimentConfig, output_dir: Path) -> float:
    """Runs one experiment in this process, tells what it found, and returns its val accuracy.

    Raises:
        EmotionTLError: one of its kinds, for everything the user can mend.
    """
    with system_errors_told():
        configure_logging(output_dir)
        select_backend(config.trainer.backend)
        from emotion_tl.cli.run_summary import print_summary
        from emotion_tl.experiment import run_experiment

        result = run_experiment(config, output_dir)
        print_summary(result, config)
    return result.metrics["val"]["official"]["accuracy"]
