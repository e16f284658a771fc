"""How a worker reaches the chief, and what it tells it."""

import errno
import os
from concurrent import futures
from queue import SimpleQueue

import grpc
import pytest

from emotion_tl.tuning import worker
from emotion_tl.tuning.search_folder import SearchFolder
from emotion_tl.tuning.trial_tuner import TrialTuner
from emotion_tl.tuning.worker import ADDRESS, NO_PROXY, Assignment, take_part, work
from tests.tuning.searches import SOURCE, compose_search

PROXIES = ("http_proxy", "https_proxy", "grpc_proxy", "no_proxy", "no_grpc_proxy")
NAMES = ("KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT")


@pytest.fixture
def behind_a_proxy(monkeypatch):
    """Sets a proxy that nothing answers at; all that a test changes is taken back."""
    for name in (*PROXIES, *NAMES):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    return monkeypatch


def test_the_chief_is_reached_past_a_proxy(behind_a_proxy):
    server = grpc.server(futures.ThreadPoolExecutor(1))
    port = server.add_insecure_port(f"{ADDRESS}:0")
    server.start()
    take_part("worker0", port)
    with grpc.insecure_channel(f"{ADDRESS}:{port}") as channel:
        grpc.channel_ready_future(channel).result(timeout=5)
    server.stop(None)


@pytest.mark.parametrize("name", ["no_proxy", "no_grpc_proxy"])
def test_what_else_is_not_to_be_asked_of_the_proxy_stays(behind_a_proxy, name):
    behind_a_proxy.setenv(name, "example.org")
    for _ in range(2):
        take_part("worker0", 1)
    assert os.environ[NO_PROXY] == f"example.org,{ADDRESS}"


def test_what_the_system_refuses_a_worker_is_told_with_a_remedy(behind_a_proxy, tmp_path):
    def refuse(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/theirs/cache")

    # What it does to its process would be done to that of the tests.
    for name in ("end_on_signals", "end_with_parent", "write_terminal_to"):
        behind_a_proxy.setattr(worker, name, lambda *_: None)
    behind_a_proxy.setattr(TrialTuner, "__init__", refuse)
    reasons = SimpleQueue()
    work(Assignment(compose_search(), None, SOURCE, SearchFolder(tmp_path), "", None, 0), "worker0", None, reasons)
    assert reasons.get().startswith("/theirs/cache: Permission denied. Ask its owner for access, or")
