"""Decoding many images in order, with little memory."""

import errno
import logging
import threading
import time
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


def read_number(number: int, seconds: float, threads: set[int]) -> np.ndarray:
    """Returns an image that holds its number, after the time that decoding takes."""
    time.sleep(seconds)
    threads.add(threading.get_ident())
    if number == 70:
        raise RejectedImageError("seventy")
    return np.array([number])


@pytest.mark.parametrize(("seconds", "num_images", "is_threaded"), [(0.0, 500, False), (3e-3, 150, True)])
def test_order_and_rejections_are_kept_with_and_without_threads(seconds, num_images, is_threaded):
    threads: set[int] = set()
    decoded = list(decode_all(partial(read_number, number, seconds, threads) for number in range(num_images)))
    assert str(decoded.pop(70)) == "seventy"
    assert [int(image[0]) for image in decoded] == [number for number in range(num_images) if number != 70]
    assert (threads != {threading.get_ident()}) == is_threaded


@pytest.mark.parametrize("seconds", [0.0, 3e-3])
def test_no_more_than_a_batch_is_decoded_ahead(seconds):
    num_started = 0

    def readers():
        nonlocal num_started
        for number in range(400):
            num_started += 1
            yield partial(read_number, number, seconds, set())

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

    def pack_slowly(*arguments):
        packed.append(threading.get_ident())
        time.sleep(0.3)
        pack(*arguments)

    pack = packing.pack
    monkeypatch.setattr(packing, "pack", pack_slowly)
    with caplog.at_level(logging.INFO), ThreadPoolExecutor(2) as executor:
        sources = list(executor.map(lambda _: packing.load_packed(config, tmp_path / "cache"), range(2)))
    assert len(packed) == 1
    assert [len(source.store.table) for source in sources] == [30, 30]
    assert "another process is packing these images" in caplog.text
