"""How a worker reaches the chief."""

import os
from concurrent import futures

import grpc
import pytest

from emotion_tl.tuning.worker import ADDRESS, NO_PROXY, take_part

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
