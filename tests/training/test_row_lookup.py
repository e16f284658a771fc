import numpy as np
import pytest

from emotion_tl.runtime import Device
from emotion_tl.training import row_lookup
from emotion_tl.training.row_lookup import RowLookup, are_small, put_on_device
from emotion_tl.training.rows import activation_rows, image_rows
from tests.tiny import make_config, make_phase, make_split
from tests.training.trainings import GOOD, run, weights_of


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_the_network_sees_the_rows_of_its_numbers(policy, dtype_policy):
    dtype_policy(policy)
    generator = np.random.default_rng(0)
    train = activation_rows(np.zeros(5, int), [generator.normal(size=(5, 3)).astype("float16") for _ in range(2)])
    val = activation_rows(np.zeros(4, int), [generator.normal(size=(4, 3)).astype("float16")])
    table, (train_numbers, val_numbers) = put_on_device((train, val))
    lookup = RowLookup(table, "float32")
    for rows, numbers, wanted in ((train, train_numbers, [7, 0, 9]), (val, val_numbers, [3, 1])):
        fed = numbers.read(np.array(wanted))
        assert fed.dtype == np.int32
        # Bit by bit: a lower precision of the network leaves the table alone.
        np.testing.assert_array_equal(lookup(fed), rows.read(np.array(wanted)).astype("float32"))


def test_images_stay_uint8_on_the_device():
    split = make_split("train", [3, 3])
    table, (rows,) = put_on_device((image_rows(split),))
    lookup = RowLookup(table, "uint8")
    assert table.dtype == "uint8"
    np.testing.assert_array_equal(lookup(rows.read(np.array([4, 2]))), split.images[[4, 2]])


def test_tensorflow_on_a_gpu_keeps_images_as_float16_which_holds_all_of_them(monkeypatch):
    monkeypatch.setattr(row_lookup, "find_device", lambda: Device("tensorflow", "gpu", ("gpu:0",)))
    split = make_split("train", [3, 3])
    split.images[0, 0] = 0
    split.images[0, 1] = 255
    table, (rows,) = put_on_device((image_rows(split),))
    assert table.dtype == "float16"
    np.testing.assert_array_equal(RowLookup(table, "uint8")(rows.read(np.arange(6))), split.images)


def test_what_is_too_large_stays_off_the_device(monkeypatch):
    rows = image_rows(make_split("train", [3, 3]))
    monkeypatch.setattr(row_lookup, "LARGEST_RESIDENT_BYTES", 2 * 6 * 24 * 24)
    assert are_small((rows, rows))
    assert not are_small((rows, rows, rows))
    monkeypatch.setattr(row_lookup, "find_device", lambda: Device("tensorflow", "gpu", ("gpu:0",)))
    # As float16 they are twice as large there.
    assert are_small((rows,))
    assert not are_small((rows, rows))


def test_training_is_the_same_on_and_off_the_device(dataset, tmp_path, monkeypatch):
    trained = []
    for limit in (2**30, 0):
        monkeypatch.setattr(row_lookup, "LARGEST_RESIDENT_BYTES", limit)
        config = make_config(make_phase(epochs=2, **GOOD), make_phase(trainable_blocks=1, **GOOD))
        trained.append(weights_of(run(config, dataset, tmp_path / str(limit))[1]))
    for on_device, off_device in zip(*trained, strict=True):
        np.testing.assert_allclose(on_device, off_device, atol=1e-5)
