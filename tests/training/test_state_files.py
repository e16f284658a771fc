"""What a training goes on from, on disk: whole at any time, and told where it is damaged."""

import os
from pathlib import Path

import numpy as np
import pytest

from emotion_tl.training.state_files import (
    StateFiles,
    TrainingStateError,
    copy_state,
    has_state,
    read_state,
    remove_state,
    write_state,
)


def make_files(folder: Path, number: int) -> StateFiles:
    """Returns a state that tells its number in each of its parts, and writes the weights it refers to."""
    weights = folder / "best.weights.h5"
    # As a new best epoch does: replaced, not written over.
    (folder / "new").write_bytes(bytes([number]) * 1000)
    (folder / "new").replace(weights)
    arrays = {"network_0": np.full((20, 30), number, "float32"), "network_1": np.arange(2, dtype="uint32") + number}
    return StateFiles({"number": number, "value": float("nan"), "rows": [{"loss": 1 / 3}]}, arrays, weights)


def write(folder: Path, number: int) -> None:
    write_state(folder, f"epoch-{number}", f"best-{number}", make_files(folder, number))


def numbers_in(folder: Path) -> tuple[int, int, int]:
    """Returns the numbers of the three files of a state."""
    files = read_state(folder)
    assert files.best_weights is not None
    return files.content["number"], int(files.arrays["network_0"][0, 0]), files.best_weights.read_bytes()[0]


def test_a_state_is_read_as_it_was_written(tmp_path):
    assert not has_state(tmp_path)
    write(tmp_path, 3)
    assert has_state(tmp_path)
    files = read_state(tmp_path)
    assert files.content["rows"] == [{"loss": 1 / 3}]
    assert np.isnan(files.content["value"])
    assert list(files.arrays) == ["network_0", "network_1"]
    assert files.arrays["network_1"].dtype == np.uint32
    np.testing.assert_array_equal(files.arrays["network_0"], np.full((20, 30), 3))
    remove_state(tmp_path)
    assert not has_state(tmp_path)
    assert (tmp_path / "best.weights.h5").is_file()


def test_a_new_best_epoch_leaves_the_weights_of_the_state_alone(tmp_path):
    write(tmp_path, 3)
    make_files(tmp_path, 4)
    assert numbers_in(tmp_path) == (3, 3, 3)


def test_only_the_last_state_takes_up_room(tmp_path):
    for number in (1, 2, 3):
        write(tmp_path, number)
    names = sorted(path.name for path in (tmp_path / "state").iterdir())
    assert names == ["best-3.weights.h5", "epoch-3.npz", "state.json"]


def test_a_process_that_dies_while_it_writes_leaves_one_whole_state(tmp_path, monkeypatch):
    calls, dying_at = 0, 0

    def dies(operation):
        def call(*arguments, **options):
            nonlocal calls
            calls += 1
            if calls == dying_at:
                raise KeyboardInterrupt
            return operation(*arguments, **options)

        return call

    for owner, name in ((Path, "replace"), (Path, "unlink"), (Path, "write_text"), (os, "link"), (os, "fsync")):
        monkeypatch.setattr(owner, name, dies(getattr(owner, name)))
    seen = []
    for dying_at in range(1, 100):
        folder = tmp_path / str(dying_at)
        folder.mkdir()
        calls = -1000
        write(folder, 1)
        files = make_files(folder, 2)
        calls = 0
        try:
            write_state(folder, "epoch-2", "best-2", files)
        except KeyboardInterrupt:
            calls = -1000
            seen.append(numbers_in(folder))
            # What it left there is in nobody's way.
            write(folder, 3)
            assert numbers_in(folder) == (3, 3, 3)
        else:
            break
    assert len(seen) > 8
    assert set(seen) == {(1, 1, 1), (2, 2, 2)}


@pytest.mark.parametrize("name", ["state.json", "epoch-1.npz", "best-1.weights.h5"])
@pytest.mark.parametrize("damage", ["bit", "cut off", "empty", "missing"])
def test_a_damaged_file_is_named(tmp_path, name, damage):
    write(tmp_path, 1)
    path = tmp_path / "state" / name
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    path.unlink()
    if damage != "missing":
        path.write_bytes({"bit": bytes(flipped), "cut off": whole[:-100], "empty": b""}[damage])
    with pytest.raises(TrainingStateError, match=name.replace(".", r"\.")):
        read_state(tmp_path)


def test_any_flipped_bit_of_the_description_is_seen(tmp_path):
    write(tmp_path, 1)
    path = tmp_path / "state" / "state.json"
    whole = path.read_bytes()
    for position in range(len(whole)):
        flipped = bytearray(whole)
        flipped[position] ^= 1
        path.write_bytes(flipped)
        try:
            files = read_state(tmp_path)
        except TrainingStateError:
            continue
        # A blank became another blank character.
        assert files.content["number"] == 1
        assert chr(whole[position]).isspace()


def test_a_state_of_another_format_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("emotion_tl.training.state_files.FORMAT", 2)
    write(tmp_path, 1)
    monkeypatch.undo()
    with pytest.raises(TrainingStateError, match=r"expected format 1\. Received: 2"):
        read_state(tmp_path)


@pytest.mark.parametrize("has_links", [True, False])
def test_a_copied_state_needs_the_first_one_no_longer(tmp_path, monkeypatch, has_links):
    def refuse(*_):
        raise OSError("links are not supported here")

    if not has_links:
        monkeypatch.setattr(os, "link", refuse)
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    write(second, 1)
    write(first, 2)
    copy_state(first, second)
    write(first, 3)
    assert numbers_in(second) == (2, 2, 2)
    assert numbers_in(first) == (3, 3, 3)
    assert len(list((second / "state").iterdir())) == 3
