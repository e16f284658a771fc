"""Where runs are kept: the tracking URI and its experiments."""

import logging
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import mlflow
from mlflow.entities import LifecycleStage
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE, ErrorCode
from sqlalchemy.exc import SQLAlchemyError

from emotion_tl.config import TrackingConfig
from emotion_tl.errors import ConfigurationError
from emotion_tl.files import NO_ROOM
from emotion_tl.locks import acquire
from emotion_tl.system_errors import MAKE_ROOM, storage_error

# MLflow tells of each step of a new database's set-up, and of advice that does not concern the user of this package.
for chatty in ("alembic", "mlflow.utils.environment", "mlflow.models.model"):
    logging.getLogger(chatty).setLevel(logging.ERROR)
# Its errors come with a traceback, and again as the exception that is told here.
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

SQLITE = "sqlite:///"
# What MLflow calls it.
LOCKED = ErrorCode.Name(TEMPORARILY_UNAVAILABLE)
OTHER_STORE = "Expected one that this user may use, for example sqlite:////absolute/path/mlflow.db or http://host:5000."
# SQLite's words.
FULL_DATABASE = "disk is full"
# How often a database is asked that other processes keep locked; MLflow waits for 20 seconds each time.
TIMES_ASKED = 3
# How often MLflow asks a server again.
RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
# Stores that have answered this process.
reached: set[str] = set()
# The UI then opens with training runs rather than with chat traces.
EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}


def tracking_uri(config: TrackingConfig) -> str:
    """Returns the absolute tracking URI: the configured one, or an SQLite file in the working directory.

    A relative SQLite path would mean another file in each working directory.
    """
    if config.uri is None:
        return f"{SQLITE}{Path.cwd() / 'mlflow.db'}"
    if config.uri.startswith(SQLITE):
        return f"{SQLITE}{Path(config.uri.removeprefix(SQLITE)).expanduser().absolute()}"
    return config.uri


def ui_command(config: TrackingConfig) -> str:
    """Returns what to do to see the runs: the command of the MLflow UI, or the address of a server."""
    uri = tracking_uri(config)
    if uri.startswith("http"):
        return f"open {uri} in a browser"
    return shlex.join([python_command(), "-m", "mlflow", "ui", "--backend-store-uri", uri])


def python_command() -> str:
    """Returns the path of Python: after `make run` the virtual environment is not on the path of the shell."""
    return os.path.relpath(sys.executable) if Path.cwd() in Path(sys.executable).parents else sys.executable


def open_store(config: TrackingConfig, only_read: bool = False) -> str:
    """Points MLflow to the store and returns its URI, making the folder of an SQLite file where it is missing.

    Args:
        only_read: whether one that may not be written to will do.

    Raises:
        ConfigurationError: where the store cannot be reached.
    """
    uri = tracking_uri(config)
    if "://" not in uri and uri.endswith(".db"):
        expected = f"{SQLITE}{Path(uri).expanduser().absolute()}"
        raise ConfigurationError(f"tracking.uri: expected {expected} for an SQLite file. Received: {uri}")
    with store_errors_told(uri):
        if uri.startswith(SQLITE) and uri not in reached:
            check_access(database_file(uri), only_read)
        mlflow.set_tracking_uri(uri)
        with one_at_a_time(uri, only_read), nullcontext() if uri in reached else few_retries():
            mlflow.search_experiments(max_results=1)
    reached.add(uri)
    return uri


@contextmanager
def store_errors_told(uri: str | None = None) -> Iterator[None]:
    """Turns what a store raises inside the block, and the file system below it, into a `ConfigurationError`.

    Args:
        uri: of the store; None for the one that MLflow has been pointed to.

    Raises:
        ConfigurationError: where the store cannot be used.
        StorageError: where the system has no room, which need not be a matter of the store.
    """
    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise storage_error(error, MAKE_ROOM) from error
        reason = str(error.message if isinstance(error, MlflowException) else error)
        remedy = MAKE_ROOM if FULL_DATABASE in reason else OTHER_STORE
        uri = uri or mlflow.get_tracking_uri()
        raise ConfigurationError(f"tracking.uri: the MLflow store {uri} cannot be used ({reason}). {remedy}") from error


def asking_the_store(call: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Decorates what MLflow is asked: again where its database is locked; what it raises is told.

    On a busy disk another process may hold an SQLite file for longer than MLflow waits, which is no reason to end a run
    of hours. What is asked must do no harm where it is asked twice.

    Raises:
        ConfigurationError, StorageError: as `store_errors_told`.
    """

    @wraps(call)
    def asking(*arguments: Arguments.args, **settings: Arguments.kwargs) -> Answer:
        with store_errors_told():
            for _ in range(TIMES_ASKED - 1):
                try:
                    return call(*arguments, **settings)
                except MlflowException as error:
                    if error.error_code != LOCKED:
                        raise
            return call(*arguments, **settings)

    return asking


def check_access(file: Path, only_read: bool) -> None:
    """Makes the folder of an SQLite file, and raises an OSError where MLflow would try for minutes to open the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists():
        file.open("rb" if only_read else "rb+").close()


@contextmanager
def few_retries() -> Iterator[None]:
    """Lets MLflow give up after seconds: later it asks a server for minutes, with good reason."""
    if RETRIES in os.environ:
        yield
        return
    os.environ[RETRIES] = "2"
    try:
        yield
    finally:
        del os.environ[RETRIES]


def one_at_a_time(uri: str, only_read: bool) -> AbstractContextManager:
    """Returns a lock that is held on an SQLite file: two processes that make its tables at the same moment fail."""
    if not uri.startswith(SQLITE):
        return nullcontext()
    file = database_file(uri)
    try:
        return acquire(Path(f"{file}.lock"))
    except OSError:
        # Whoever has made the file for others to read has made its tables too.
        if only_read and file.exists():
            return nullcontext()
        raise


def database_file(uri: str) -> Path:
    """Returns the path of an SQLite file.

    Not by `urlparse`, which leaves two slashes in front: MLflow would take what follows them for the name of a host.
    """
    return Path(uri.removeprefix(SQLITE))


def select_experiment(uri: str, name: str) -> str:
    """Makes the MLflow experiment where it is missing and returns its id.

    Artifacts go beside an SQLite file, so that file and folder can be moved and backed up together.

    Raises:
        ConfigurationError: where it was deleted, as in the UI: MLflow keeps it, and takes no runs for it.
    """
    experiment = mlflow.get_experiment_by_name(name)
    if experiment is None:
        location = None
        if uri.startswith(SQLITE):
            location = (database_file(uri).parent / "mlartifacts").as_uri()
        try:
            return mlflow.create_experiment(name, artifact_location=location, tags=EXPERIMENT_TAGS)
        except MlflowException:
            # Another process made it in the meantime; anything else shows in the line below.
            experiment = mlflow.set_experiment(name)
    if experiment.lifecycle_stage == LifecycleStage.DELETED:
        restore = ["-m", "mlflow", "experiments", "restore", "--experiment-id", experiment.experiment_id]
        raise ConfigurationError(
            f"tracking.experiment_name: expected an experiment that is there. {name} was deleted. Restore it with "
            f"`MLFLOW_TRACKING_URI={shlex.quote(uri)} {shlex.join([python_command(), *restore])}`, or give another "
            "tracking.experiment_name=..."
        )
    return experiment.experiment_id
