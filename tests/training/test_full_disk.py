"""A training that fills the disk says so, and goes on once there is room."""

from contextlib import ExitStack

import pytest

from emotion_tl.errors import FullDiskError
from emotion_tl.training.full_disk import explain_full_disk
from emotion_tl.training.stretch import Stretch
from tests.file_limit import file_limit
from tests.tiny import make_config, make_phase
from tests.training.continuing import train_stretch


def test_a_training_that_fills_the_disk_goes_on_once_there_is_room(dataset, tmp_path):
    config, folder = make_config(make_phase(epochs=3, learning_rate=3e-3)), tmp_path / "run"
    with ExitStack() as limits:

        def fill_the_disk(row):
            if row["epoch"] == 2:
                # Enough for the best weights, which HDF5 writes, and not for the optimizer's variables beside them.
                limits.enter_context(file_limit(3 * (folder / "best.weights.h5").stat().st_size // 2))

        with pytest.raises(FullDiskError) as told:
            train_stretch(config, dataset, folder, Stretch(keep_state="epoch"), (fill_the_disk,))
    for part in ("phase first", str(folder), "File too large", "GiB free", "the same command then goes on"):
        assert part in str(told.value)
    # Nothing of it keeps the disk full.
    assert not list(folder.rglob("partial.*"))
    epochs = []
    stretch = Stretch(resume_from=folder, keep_state="epoch")
    result, _ = train_stretch(config, dataset, folder, stretch, (lambda row: epochs.append(row["epoch"]),))
    assert epochs == [2, 3]
    assert result.history["epoch"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("error", [OSError("of the images"), RuntimeError("shapes differ")])
def test_other_errors_pass_as_they_are(error, tmp_path):
    with pytest.raises(type(error)) as told, explain_full_disk(tmp_path, "phase first"):
        raise error
    assert told.value is error
