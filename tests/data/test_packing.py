"""Decoding many images in order, with little memory."""

import errno
import logging
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

from emotion_tl.config import DataConfig
from emotion_tl.data import packing
from emotion_tl.data.decoding import RejectedImageError
from emotion_tl.data.packing import decode_all
from emotion_tl.data.sources import image_folder
from emotion_tl.errors import DataError
from tests.data.conftest import write_classes


def read_number(number: int, threads: set[int]) -> np.ndarray:
    """Returns an image that holds its number."""
    threads.add(threading.get_ident())
    if number == 70:
        raise RejectedImageError("seventy")
    return np.array([number])


@pytest.fixture(params=[False, True], ids=["one thread", "several threads"])
def is_threaded(request, monkeypatch) -> bool:
    """Has the images take too little time for threads, or enough, however busy the machine is."""
    monkeypatch.setattr(packing, "THREADED_ABOVE_SECONDS", 0 if request.param else math.inf)
    return request.param


def test_order_and_rejections_are_kept_with_and_without_threads(is_threaded):
    threads: set[int] = set()
    decoded = list(decode_all(partial(read_number, number, threads) for number in range(500)))
    assert str(decoded.pop(70)) == "seventy"
    assert [int(image[0]) for image in decoded] == [number for number in range(500) if number != 70]
    assert (threads != {threading.get_ident()}) == is_threaded


@pytest.mark.usefixtures("is_threaded")
def test_no_more_than_a_batch_is_decoded_ahead():
    num_started = 0

    def readers():
        nonlocal num_started
        for number in range(400):
            num_started += 1
            yield partial(read_number, number, set())

    for num_taken, _ in enumerate(decode_all(readers()), start=1):
        assert num_started <= num_taken + packing.BATCH_SIZE
        if num_taken == 200:
            break


@pytest.mark.parametrize("function", ["describe_state", "open_listing"])
def test_a_source_whose_drive_is_gone_is_not_taken_for_the_cache(tmp_path, monkeypatch, function):
    def fail(config):
        raise OSError(errno.EIO, "Input/output error", config.path)

    config = DataConfig("faces", "image_folder", str(write_classes(tmp_path / "faces")))
    monkeypatch.setattr(image_folder, function, fail)
    with pytest.raises(DataError, match=r"faces: the images cannot be listed: .*Input/output error") as caught:
        packing.load_packed(config, tmp_path / "cache")
    assert str(tmp_path / "cache") not in str(caught.value)


def test_of_two_at_once_one_decodes_and_the_other_waits(tmp_path, monkeypatch, caplog):
    config = DataConfig(source="image_folder", path=str(write_classes(tmp_path / "faces")), image_size=12)
    packed = []
    other_waits = threading.Event()

    def tell_of_wait():
        tell()
        other_waits.set()

    def pack_when_the_other_waits(*arguments):
        packed.append(threading.get_ident())
        assert other_waits.wait(timeout=60)
        pack(*arguments)

    tell, pack = packing.tell_of_wait, packing.pack
    monkeypatch.setattr(packing, "tell_of_wait", tell_of_wait)
    monkeypatch.setattr(packing, "pack", pack_when_the_other_waits)
    with caplog.at_level(logging.INFO), ThreadPoolExecutor(2) as executor:
        sources = list(executor.map(lambda _: packing.load_packed(config, tmp_path / "cache"), range(2)))
    assert len(packed) == 1
    assert [len(source.store.table) for source in sources] == [30, 30]
    assert "another process is packing these images" in caplog.text
