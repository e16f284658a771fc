"""The command line: Hydra composes `conf/` into one typed configuration, and a command runs it.

Nothing here imports Keras before a configuration was found to be right, so that `--help`, `--cfg job` and a mistake
answer at once.
"""

import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import fields
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from emotion_tl.command_config import CleanCacheConfig, CompareConfig, PredictConfig
from emotion_tl.config import ExperimentConfig, to_typed
from emotion_tl.console import configure_logging, console, print_error, print_heading
from emotion_tl.errors import ConfigurationError, DeviceMemoryError, EmotionTLError
from emotion_tl.runtime import select_backend
from emotion_tl.validation import check_experiment_config, check_range

EXIT_FAILED = 1
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM)
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
    end_on_signals()
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
    """Runs one experiment, and returns its val accuracy, by which Hydra's sweepers can choose."""
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
            # A terminal's Ctrl-C reaches the job by itself, other signals do not. It closes its run before it ends.
            for job_process in active_children():
                job_process.terminate()
            raise
        except BrokenProcessPool as error:
            raise DeviceMemoryError(
                "The job's process ended without a word, as it does when the system runs out of memory. Try a smaller "
                "trainer.batch_size, trainer.evaluation_batch_size or backbone.image_size."
            ) from error


def run_job(config: ExperimentConfig, output_dir: Path) -> float:
    """Runs one experiment in this process, tells what it found, and returns its val accuracy."""
    end_on_signals()
    configure_logging(output_dir)
    select_backend(config.trainer.backend)
    from emotion_tl.analysis.summary import print_summary
    from emotion_tl.experiment import run_experiment

    result = run_experiment(config, output_dir)
    print_summary(result, config)
    return result.metrics["val"]["official"]["accuracy"]


def own_settings(schema: type, composed: DictConfig) -> DictConfig:
    """Returns the settings a command knows: conf/local may hold others, which are for `train`."""
    return OmegaConf.masked_copy(composed, [entry.name for entry in fields(schema)])


@told
def compare(composed: DictConfig) -> None:
    """Puts finished runs side by side and says which is better, and how sure that is."""
    config = to_typed(CompareConfig, own_settings(CompareConfig, composed))
    check_range("confidence_level", config.confidence_level, 0.5, 0.999)
    check_range("num_bootstrap_resamples", config.num_bootstrap_resamples, 10)
    configure_logging(None)
    from emotion_tl.analysis.comparison import compare_runs, print_comparison

    print_comparison(compare_runs(config), config)


@told
def predict(composed: DictConfig) -> None:
    """Predicts the expression on new images."""
    config = to_typed(PredictConfig, own_settings(PredictConfig, composed))
    check_range("batch_size", config.batch_size, 1)
    configure_logging(None)
    select_backend(config.backend)
    from emotion_tl.inference.predict import print_predictions

    if not print_predictions(config):
        sys.exit(EXIT_FAILED)


@told
def clean_cache(composed: DictConfig) -> None:
    """Removes the cached activations."""
    config = to_typed(CleanCacheConfig, own_settings(CleanCacheConfig, composed))
    configure_logging(None)
    from emotion_tl.caching.activation_cache import open_activation_cache

    num_bytes = open_activation_cache(config.cache_dir).clear()
    console.print(f"Removed {num_bytes / 1e6:,.0f} MB of activations from {config.cache_dir}.")


COMMANDS: dict[str, Callable[[DictConfig], Any]] = {
    "train": train,
    "compare": compare,
    "predict": predict,
    "clean_cache": clean_cache,
}
