"""The commands: each takes a composed configuration, types and checks it, and runs."""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from emotion_tl.cli.composition import own_settings
from emotion_tl.cli.experiments import run_and_tell
from emotion_tl.cli.sweep_job import run_sweep_job
from emotion_tl.command_config import (
    AuditConfig,
    CleanCacheConfig,
    CompareConfig,
    PredictConfig,
    ProbeConfig,
)
from emotion_tl.config import ExperimentConfig, to_typed
from emotion_tl.console import configure_logging, console, print_error
from emotion_tl.errors import EmotionTLError
from emotion_tl.probing.checks import check_probe_config
from emotion_tl.runtime import select_backend
from emotion_tl.system_errors import system_errors_told
from emotion_tl.tuning_config import TuneConfig
from emotion_tl.validation import (
    check_audit_config,
    check_compare_config,
    check_experiment_config,
    check_predict_config,
)

EXIT_FAILED = 1


def told(command: Callable[[DictConfig], Any]) -> Callable[[DictConfig], Any]:
    """Wraps a command: a mistake of the user is told as one message, without a traceback, and the exit code is 1."""

    @wraps(command)
    def telling(composed: DictConfig) -> Any:
        try:
            with system_errors_told():
                return command(composed)
        except EmotionTLError as error:
            print_error(str(error))
            sys.exit(EXIT_FAILED)

    return telling


@told
def train(composed: DictConfig) -> float | None:
    """Runs one experiment, and returns its val accuracy, by which Hydra's sweepers can choose."""
    if HydraConfig.get().mode == RunMode.MULTIRUN:
        return run_sweep_job(composed)
    config = to_typed(ExperimentConfig, composed)
    check_experiment_config(config)
    return run_and_tell(config, Path(HydraConfig.get().runtime.output_dir))


@told
def study(composed: DictConfig) -> float | None:
    """Runs a job of a study, which the sweeper of `hydra_plugins` has made of it."""
    return run_sweep_job(composed)


@told
def compare(composed: DictConfig) -> None:
    """Puts finished runs side by side and says which is better, and how sure that is."""
    config = to_typed(CompareConfig, own_settings(CompareConfig, composed))
    check_compare_config(config)
    configure_logging(None)
    from emotion_tl.analysis.compare import compare_and_report

    compare_and_report(config)


@told
def predict(composed: DictConfig) -> None:
    """Predicts the expression on new images."""
    config = to_typed(PredictConfig, own_settings(PredictConfig, composed))
    check_predict_config(config)
    configure_logging(None)
    select_backend(config.backend)
    from emotion_tl.inference.predict import print_predictions

    if not print_predictions(config):
        sys.exit(EXIT_FAILED)


@told
def probe(composed: DictConfig) -> None:
    """Tells from which block of a network the features transfer best."""
    config = to_typed(ProbeConfig, own_settings(ProbeConfig, composed))
    check_probe_config(config)
    configure_logging(None)
    select_backend(config.trainer.backend)
    from emotion_tl.probing.probes import run_probes
    from emotion_tl.probing.report import print_probes

    print_probes(run_probes(config), config)


@told
def clean_cache(composed: DictConfig) -> None:
    """Removes the cached activations."""
    config = to_typed(CleanCacheConfig, own_settings(CleanCacheConfig, composed))
    configure_logging(None)
    from emotion_tl.caching.activation_cache import open_activation_cache

    num_bytes = open_activation_cache(config.cache_dir).clear()
    console.print(f"Removed {num_bytes / 1e6:,.0f} MB of activations from {config.cache_dir}.", markup=False)


@told
def tune(composed: DictConfig) -> float:
    """Searches for the settings with the best val figure, and returns that figure."""
    config = to_typed(TuneConfig, composed)
    configure_logging(None)
    select_backend(config.trainer.backend)
    from emotion_tl.cli.search import run_and_report

    return run_and_report(config)


@told
def audit(composed: DictConfig) -> None:
    """Reports what is in a data set and what is wrong with it."""
    config = to_typed(AuditConfig, own_settings(AuditConfig, composed))
    check_audit_config(config)
    configure_logging(None, each_once=True)
    from emotion_tl.audit.audit import audit_dataset
    from emotion_tl.audit.summary import print_summary

    print_summary(audit_dataset(config), config)


COMMANDS: dict[str, Callable[[DictConfig], Any]] = {
    "train": train,
    "audit": audit,
    "study": study,
    "compare": compare,
    "tune": tune,
    "predict": predict,
    "probe": probe,
    "clean_cache": clean_cache,
}
