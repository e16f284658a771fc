"""The command line: Hydra composes `conf/` into one typed configuration, and a command runs it.

Nothing here imports Keras before a configuration was found to be right, so that `--help`, `--cfg job` and a mistake
answer at once.
"""

import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig

from emotion_tl.command_config import CompareConfig, PredictConfig
from emotion_tl.config import ExperimentConfig, to_typed
from emotion_tl.console import configure_logging, print_error, print_heading
from emotion_tl.errors import ConfigurationError, EmotionTLError
from emotion_tl.runtime import select_backend
from emotion_tl.validation import check_experiment_config

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells have it

# Jobs of a sweep that failed, by what was overridden in them.
failed_jobs: dict[str, str] = {}


def main() -> None:
    """Runs `emotion-tl [COMMAND] [OVERRIDES]`; without a command, `train`."""
    arguments = sys.argv[1:]
    command = arguments.pop(0) if arguments and arguments[0] in COMMANDS else "train"
    if arguments and arguments[0].isidentifier():
        print_error(f"Expected a command, one of {', '.join(COMMANDS)}, or key=value. Received: {arguments[0]}")
        sys.exit(EXIT_FAILED)
    sys.argv[1:] = arguments
    signal.signal(signal.SIGTERM, interrupt)
    task = hydra.main(version_base="1.3", config_path=str(config_folder(command)), config_name=command)(
        COMMANDS[command]
    )
    try:
        task()
    except HydraException as error:
        # Hydra tells of a wrong override itself, except while it prints the help.
        print_error(str(error.__cause__ or error))
        sys.exit(EXIT_FAILED)
    except KeyboardInterrupt:
        print_error("Interrupted. What was computed until then is in the run's folder and, as killed, in MLflow.")
        sys.exit(EXIT_INTERRUPTED)
    if failed_jobs:
        print_error("\n".join(["Failed jobs:", *(f"  {job}: {reason}" for job, reason in failed_jobs.items())]))
        sys.exit(EXIT_FAILED)


def interrupt(*_: object) -> None:
    """Ends a run on SIGTERM, by which a cluster ends its jobs, as Ctrl-C does."""
    raise KeyboardInterrupt


def config_folder(command: str) -> Path:
    """Returns the folder of the YAML files: inside an installed package, or beside the package in a checkout.

    Raises:
        ConfigurationError: where neither is there, which means a broken installation.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "conf", package.parent / "conf"):
        if (folder / f"{command}.yaml").is_file():
            return folder
    raise ConfigurationError(f"Expected the configuration files in {package / 'conf'}. Install the package again.")


def told(task: Callable[[DictConfig], Any]) -> Callable[[DictConfig], Any]:
    """Wraps a command: a mistake of the user is told as one message, without a traceback, and the exit code is 1."""

    def telling(composed: DictConfig) -> Any:
        job = HydraConfig.get()
        try:
            return task(composed)
        except EmotionTLError as error:
            print_error(str(error))
            if job.mode != RunMode.MULTIRUN:
                sys.exit(EXIT_FAILED)
            failed_jobs[" ".join(job.overrides.task) or "(no overrides)"] = str(error).splitlines()[0]
            return None

    return telling


@told
def train(composed: DictConfig) -> float:
    """Runs one experiment, and returns its val score, by which Hydra's sweepers can choose."""
    config = to_typed(ExperimentConfig, composed)
    check_experiment_config(config)
    job = HydraConfig.get()
    output_dir = Path(job.runtime.output_dir)
    if job.mode != RunMode.MULTIRUN:
        return run_job(config, output_dir)
    print_heading(f"Job {job.job.num}: {' '.join(job.overrides.task)}")
    # A process for each job: backend, precision and determinism belong to a process, and TensorFlow gives the memory of
    # a GPU back only when one ends.
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as process:
        try:
            return process.submit(run_job, config, output_dir).result()
        except KeyboardInterrupt:
            # Ctrl-C reaches the job by itself, SIGTERM does not. The job closes its run before it ends.
            for job_process in active_children():
                job_process.terminate()
            raise


def run_job(config: ExperimentConfig, output_dir: Path) -> float:
    """Runs one experiment in this process, tells what it found, and returns its val accuracy."""
    signal.signal(signal.SIGTERM, interrupt)
    configure_logging(output_dir)
    select_backend(config.trainer.backend)
    from emotion_tl.analysis.summary import print_summary
    from emotion_tl.experiment import run_experiment

    result = run_experiment(config, output_dir)
    print_summary(result, config)
    return result.metrics["val"]["official"]["accuracy"]


@told
def compare(composed: DictConfig) -> None:
    """Puts finished runs side by side and says which is better, and how sure that is."""
    config = to_typed(CompareConfig, composed)
    configure_logging(None)
    from emotion_tl.analysis.comparison import compare_runs, print_comparison

    print_comparison(compare_runs(config), config)


@told
def predict(composed: DictConfig) -> None:
    """Predicts the expression on new images."""
    config = to_typed(PredictConfig, composed)
    configure_logging(None)
    select_backend(config.backend)
    from emotion_tl.inference.predict import print_predictions

    if not print_predictions(config):
        sys.exit(EXIT_FAILED)


COMMANDS: dict[str, Callable[[DictConfig], Any]] = {"train": train, "compare": compare, "predict": predict}
