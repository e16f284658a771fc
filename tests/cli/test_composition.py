"""Experiments of a search, composed in another process than that of the command line."""

import shlex

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from emotion_tl.cli.composition import ExperimentComposer, file_of_option, further_places
from emotion_tl.errors import ConfigurationError
from emotion_tl.tuning.experiment_file import run_command
from tests.runs import CONF

MINE = """
defaults:
  - head
name: mine
"""


@pytest.fixture
def mine(tmp_path):
    """A folder of the user's with a space of its own."""
    folder = tmp_path / "it's mine, all"
    (folder / "tuner" / "space").mkdir(parents=True)
    (folder / "tuner" / "space" / "mine.yaml").write_text(MINE)
    (folder / "head").mkdir()
    (folder / "head" / "wide.yaml").write_text("name: wide\nunits: [7]\n")
    yield folder
    GlobalHydra.instance().clear()


def composed_with(folder):
    """Returns Hydra's own settings where a search is started with a folder of the user's."""
    GlobalHydra.instance().clear()
    path = "hydra.searchpath=['file://" + str(folder).replace("'", "\\'") + "']"
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("tune", ["tuner/space=mine", path], return_hydra_config=True).hydra


def test_a_worker_finds_what_lies_in_a_folder_of_the_users(mine):
    composer = ExperimentComposer(("tuner/space=mine",), further_places(composed_with(mine)))
    assert composer(["head=wide"]).head.units == [7]
    assert composer.choices([])["tuner/space"] == "mine"


def test_without_the_folder_there_is_no_such_space(mine):
    with pytest.raises(ConfigurationError, match=r"tuner/space: expected one of .* Received: mine"):
        ExperimentComposer(("tuner/space=mine",))([])


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("heads.dropout=0.1", "heads: expected a setting of the experiment that the others make. It has none of this"),
        ("head=wider", "head: expected one of flatten_mlp, flatten_wide, linear, mlp. Received: wider"),
    ],
)
def test_why_an_experiment_cannot_be_composed_is_told_in_one_line(override, told):
    with pytest.raises(ConfigurationError) as caught:
        ExperimentComposer(("tuner/space=head",))([override])
    assert str(caught.value).startswith(told)
    assert "search path" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_file_of_a_space_is_named_where_it_lies(mine, monkeypatch):
    hydra = composed_with(mine)
    assert file_of_option(hydra, "tuner/space") == str(mine / "tuner" / "space" / "mine.yaml")
    monkeypatch.chdir(mine)
    assert file_of_option(hydra, "tuner/space") == "tuner/space/mine.yaml"
    monkeypatch.chdir(CONF.parent)
    assert file_of_option(hydra, "schedule") == "conf/schedule/frozen_only.yaml"


def test_command_that_runs_the_best_again_names_the_folder(mine, tmp_path):
    file = tmp_path / "conf" / "experiment" / "found.yaml"
    command = run_command(file, ["~head.units", "tune.name=found"], further_places(composed_with(mine)))
    *_, folder, experiment, path, deletion = shlex.split(command)
    assert (folder, experiment, deletion) == (str(file.parent.parent), "experiment=found", "~head.units")
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        assert compose("train", ["head=wide", path]).head.units == [7]
