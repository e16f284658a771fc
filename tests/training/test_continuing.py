"""Trainings that stop and go on, and what they give in one go: the same, to the last bit."""

from dataclasses import replace
from pathlib import Path

import keras
import pandas as pd
import pytest

from emotion_tl.errors import ConfigurationError
from emotion_tl.fed import is_cached, told_activations
from emotion_tl.models.transfer_model import build_transfer_model
from emotion_tl.models.weights import WeightsOrigin
from emotion_tl.training.head_trials import HeadTrials
from emotion_tl.training.state import TrainingState
from emotion_tl.training.state_files import TrainingStateError, has_state
from emotion_tl.training.state_settings import check_same_training, deciding_settings
from emotion_tl.training.stretch import Stretch
from tests.tiny import make_config, make_phase
from tests.training import continuing
from tests.training.continuing import CASES, EPOCHS, HEAD, MEASURED, find_differences, train_in_stretches, train_stretch

FAST_HEAD = {"trainable_blocks": 0, "learning_rate": 1e-2}
# Nothing on val changes: each epoch is one without improvement.
STILL = {"learning_rate": 1e-12, "trainable_blocks": 0, "monitor": "val_loss"}


@pytest.fixture(scope="module", autouse=True)
def deterministic():
    with continuing.deterministic_operations():
        yield


# === The same as in one go ===


def test_stretches_on_images(dataset, tmp_path):
    # Adam with a cosine, dropout, augmentation, BatchNormalization, moving average, clipping, and an accumulation that
    # the stop interrupts: an epoch has three batches, and two make an update.
    case = CASES["everything on images"]
    whole = train_stretch(case(), dataset, tmp_path / "whole", Stretch())
    stretched = train_in_stretches(case(), dataset, tmp_path, stops=(3,))
    assert find_differences(dataset, whole, stretched) == []
    assert len(whole[0].history) == EPOCHS
    # Else the weights would be those of the first stretch.
    assert whole[0].best_epoch > 3


@pytest.fixture(scope="module")
def two_phases(dataset, tmp_path_factory):
    """Two cached phases in one go: the result, the network and the folder."""
    folder = tmp_path_factory.mktemp("two_phases") / "whole"
    return *train_stretch(CASES["two cached phases"](), dataset, folder, Stretch()), folder


def test_stretches_of_the_last_of_two_cached_phases(two_phases, dataset, tmp_path):
    stretched = train_in_stretches(CASES["two cached phases"](), dataset, tmp_path, stops=(2,))
    assert find_differences(dataset, two_phases[:2], stretched) == []
    # The first stretch ran the first phase in full.
    assert len(TrainingState.read(tmp_path / "0").rows) == 2 + 2
    # The plateau has one of its two epochs before the stop.
    rates = stretched[0].history["learning_rate"].tolist()[2:]
    assert rates == pytest.approx([3e-6, 3e-6, 3e-6, 1.5e-6])
    assert all(is_cached(told) for told in stretched[0].inputs.values())


def test_an_interrupted_training_goes_on_at_the_last_epoch_that_ended(two_phases, dataset, tmp_path):
    def interrupt(row):
        if row["epoch"] == 3:
            raise KeyboardInterrupt

    config, folder = CASES["two cached phases"](), tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train_stretch(config, dataset, folder, Stretch(keep_state="epoch"), (interrupt,))
    # The first epoch of the second phase was not kept yet.
    assert TrainingState.read(folder).phase_has_ended
    told = []
    stretch = Stretch(resume_from=folder, keep_state="epoch")
    again = train_stretch(config, dataset, folder, stretch, (told.append,))
    assert find_differences(dataset, two_phases[:2], again) == []
    assert [row["epoch"] for row in told] == [3, 4, 5, 6]
    pd.testing.assert_frame_equal(pd.read_csv(folder / "history.csv"), again[0].history)
    assert (folder / "best.json").read_text() == (two_phases[2] / "best.json").read_text()


@pytest.mark.parametrize(("seconds", "is_kept"), [(1000.0, False), (1e-9, True)])
def test_states_come_no_more_often_than_they_may(seconds, is_kept, dataset, tmp_path):
    config = make_config(make_phase(epochs=2, **FAST_HEAD), head=HEAD)
    stretch = Stretch(keep_state="epoch", seconds_between_states=seconds)
    train_stretch(config, dataset, tmp_path / "run", stretch)
    assert has_state(tmp_path / "run") == is_kept
    if is_kept:
        # The second epoch came sooner after the first state than fifty times what that had cost.
        assert len(TrainingState.read(tmp_path / "run").rows) == 1


def test_stretches_of_a_head_trial(dataset, tmp_path):
    config = make_config(make_phase(epochs=3, weight_decay=1e-3, **FAST_HEAD), head=HEAD)
    config.cache_dir = str(tmp_path / "cache")
    results = []
    for stretches in ([Stretch()], [Stretch(1, None, "end"), Stretch(None, tmp_path / "0", "end")]):
        for number, stretch in enumerate(stretches):
            keras.utils.set_random_seed(0)
            model = build_transfer_model(config, dataset.image_shape, dataset.num_classes)
            folder = tmp_path / (str(number) if stretch.keep_state == "end" else "whole")
            folder.mkdir()
            result = HeadTrials(model, dataset, config).train(config, folder, stretch=stretch)
        results.append((result.history.drop(columns=MEASURED), result.best_epoch, result.best_value, result.inputs))
    assert results[0][0].equals(results[1][0])
    assert results[0][1:] == results[1][1:]


# === Where a stretch ends ===


@pytest.fixture(scope="module")
def waiting(dataset, tmp_path_factory):
    """A phase of nine epochs that ends after three, of which two are done; with the configuration."""
    folder = tmp_path_factory.mktemp("waiting") / "first"
    config = make_config(make_phase(epochs=9, early_stopping_patience=2, **STILL))
    result, _ = train_stretch(config, dataset, folder, Stretch(num_epochs=2, keep_state="end"))
    assert len(result.history) == 2
    return config, folder


@pytest.fixture(scope="module")
def ended(waiting, dataset):
    """The same training gone on with, up to where its patience ends."""
    config, folder = waiting
    stretch = Stretch(num_epochs=50, resume_from=folder, keep_state="end")
    result, _ = train_stretch(config, dataset, folder.parent / "second", stretch)
    return result, folder.parent / "second"


def test_patience_counts_on_over_the_stop(ended):
    result, _ = ended
    assert result.history["epoch"].tolist() == [1, 2, 3]
    assert result.best_epoch == 1


def test_a_training_that_has_ended_has_nothing_left(waiting, ended, dataset, tmp_path):
    result, folder = ended
    stretch = Stretch(num_epochs=50, resume_from=folder, keep_state="end")
    told = []
    again, network = train_stretch(waiting[0], dataset, tmp_path / "third", stretch, (told.append,))
    assert told == []
    pd.testing.assert_frame_equal(again.history, result.history)
    assert (again.best_epoch, again.best_value, again.inputs) == (result.best_epoch, result.best_value, result.inputs)
    assert TrainingState.read(tmp_path / "third").phase_has_ended
    # What is left of it is small.
    arrays = (tmp_path / "third" / "state" / "epoch-3.npz").stat().st_size
    assert arrays < 1000 < sum(weight.nbytes for weight in network.get_weights())


def test_fewer_epochs_than_were_trained_are_none(waiting, dataset, tmp_path):
    config, folder = waiting
    stretch = Stretch(num_epochs=1, resume_from=folder, keep_state="end")
    result, _ = train_stretch(config, dataset, tmp_path / "again", stretch)
    assert len(result.history) == 2
    assert result.inputs == {"first": told_activations("pooling", ("image",))}
    assert len(TrainingState.read(tmp_path / "again").rows) == 2


def test_a_stretch_that_is_longer_than_the_phase_ends_with_it(waiting, dataset, tmp_path):
    (tmp_path / "run").mkdir()
    TrainingState.read(waiting[1]).write(tmp_path / "run")
    config = make_config(make_phase(epochs=2, **STILL))
    result, _ = train_stretch(config, dataset, tmp_path / "run", Stretch(num_epochs=9))
    assert len(result.history) == 2
    # Nothing was asked to be kept, and a training that starts anew leaves no older one's.
    assert not has_state(tmp_path / "run")


@pytest.mark.parametrize("settings", [{"num_epochs": 0}, {"keep_state": "always"}])
def test_a_stretch_that_cannot_be_is_refused(settings):
    with pytest.raises(ConfigurationError, match=f"Stretch.{next(iter(settings))}: expected"):
        Stretch(**settings)


# === What cannot be gone on from ===


def resume(config, folder, tmp_path, dataset):
    return train_stretch(config, dataset, tmp_path / "resumed", Stretch(num_epochs=2, resume_from=folder))


def test_a_missing_state_is_named(waiting, dataset, tmp_path):
    with pytest.raises(TrainingStateError, match=r"nowhere/state/state\.json: expected .* Received: no such file"):
        resume(waiting[0], tmp_path / "nowhere", tmp_path, dataset)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"seed": 7}, r"seed=0, received 7"),
        ({"head": HEAD}, r"head.units=\[\], received \[8\]; head.dropout=0.0, received 0.3; head.batch_norm"),
        (
            {"schedule": make_config(make_phase(epochs=9, early_stopping_patience=3, **STILL)).schedule},
            r"schedule\.phases\.first\.early_stopping_patience=2, received 3",
        ),
        ({"trainer": replace(make_config().trainer, batch_size=8)}, r"trainer\.batch_size=16, received 8"),
    ],
)
def test_the_state_of_another_training_is_refused(waiting, dataset, tmp_path, change, told):
    config, folder = waiting
    with pytest.raises(TrainingStateError, match=f"of another training: expected {told}"):
        resume(replace(config, **change), folder, tmp_path, dataset)


def test_the_state_of_other_images_is_refused(waiting, dataset, tmp_path):
    with pytest.raises(TrainingStateError, match="expected dataset=0000"):
        resume(*waiting, tmp_path, replace(dataset, fingerprint="1" * 64))


def test_a_damaged_state_is_named(waiting, dataset, tmp_path):
    config, folder = waiting
    state = TrainingState.read(folder)
    (tmp_path / "copy").mkdir()
    state.write(tmp_path / "copy")
    path = tmp_path / "copy" / "state" / "epoch-2.npz"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(TrainingStateError, match=r"epoch-2\.npz: expected .* Received: a damaged one"):
        resume(config, tmp_path / "copy", tmp_path, dataset)


def test_arrays_of_another_network_are_refused(waiting, dataset, tmp_path):
    config, folder = waiting
    state = TrainingState.read(folder)
    (tmp_path / "other").mkdir()
    replace(state, optimizer=state.optimizer[:-1]).write(tmp_path / "other")
    with pytest.raises(TrainingStateError, match=r"optimizer: expected \d+ arrays. Received: \d+"):
        train_stretch(config, dataset, tmp_path / "resumed", Stretch(resume_from=tmp_path / "other"))


def test_what_may_change_and_still_be_gone_on_with(waiting, dataset, tmp_path):
    config, folder = waiting
    trainer = replace(config.trainer, evaluation_batch_size=8, steps_per_execution=1)
    result, _ = resume(replace(config, trainer=trainer), folder, tmp_path, dataset)
    assert len(result.history) == 2


@pytest.mark.parametrize(
    ("origin", "kept"),
    [
        (WeightsOrigin("renamed.h5", "abc"), "abc"),
        # As states were once kept.
        (WeightsOrigin("renamed.h5", "abc"), ["file.h5", "abc"]),
        (WeightsOrigin("random"), ["random", None]),
    ],
)
def test_weights_are_known_by_their_content(origin, kept, dataset):
    config = make_config()
    model = build_transfer_model(config, dataset.image_shape, dataset.num_classes)
    now = deciding_settings(config, replace(model, weights=origin), dataset.fingerprint)
    check_same_training(Path("run"), now | {"weights": kept}, now)
    with pytest.raises(TrainingStateError, match="expected weights=def"):
        check_same_training(Path("run"), now | {"weights": ["renamed.h5", "def"]}, now)


# === What is kept ===


def test_the_state_holds_what_the_phase_changes_and_no_more(waiting):
    _, folder = waiting
    state = TrainingState.read(folder)
    # The kernel and the bias of the head, and no state of the backbone. Adam: iterations, learning rate, two moments.
    assert [array.shape for array in state.network] == [(512, 3), (3,)]
    assert len(state.optimizer) == 2 + 2 * 2
    assert int(state.optimizer[0]) == 2 * 3
    assert state.counters == {"EarlyStopping": {"wait": 1, "best": state.rows[0]["val_loss"]}}
