"""What is typed after `python -m emotion_tl`."""

import pytest

from emotion_tl.cli.arguments import check_keys, check_options, hydra_arguments, take_command
from emotion_tl.errors import ConfigurationError

COMMANDS = ("train", "study", "tune", "clean_cache")


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ([], ("train", [])),
        (["seed=1"], ("train", ["seed=1"])),
        (["--help"], ("train", ["--help"])),
        (["study", "seed=1"], ("study", ["seed=1"])),
        (["clean-cache"], ("clean_cache", [])),
    ],
)
def test_first_word_is_the_command(typed, taken):
    assert take_command(typed, COMMANDS) == taken


@pytest.mark.parametrize("word", ["help", "export", "clean-cash"])
def test_word_that_is_no_command_leads_to_the_help(word):
    with pytest.raises(ConfigurationError, match=f"train, study, tune, clean_cache.*--help.*Received: {word}"):
        take_command([word], COMMANDS)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["study=laptop", "data=fer2013"], "study study=laptop data=fer2013"),
        (["+study=laptop"], "study study=laptop"),
        (["tune.retrain=true"], "tune tune.retrain=true"),
        (["seed=1", "tuner/space=head"], "tune seed=1 tuner/space=head"),
    ],
)
def test_setting_of_another_command_is_told_with_that_command(typed, meant):
    with pytest.raises(ConfigurationError) as error:
        check_keys("train", typed)
    assert str(error.value).endswith(f": python -m emotion_tl {meant}")
    check_keys(meant.split()[0], [text.removeprefix("+") for text in typed])


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        (["a=1", "--config-dir", "mine", "b=2"], ["a=1", "b=2", "--config-dir", "mine"]),
        (["a=1", "-m", "b=2,3"], ["a=1", "b=2,3", "-m"]),
        (["--info", "b=2"], ["b=2", "--info"]),
        (["--info", "config", "b=2"], ["b=2", "--info", "config"]),
        (["~a", "--cfg", "job", "+experiment=x"], ["~a", "experiment=x", "--cfg", "job"]),
    ],
)
def test_options_stand_after_the_overrides_wherever_they_were_typed(typed, taken):
    assert hydra_arguments("train", typed) == taken


def test_options_of_which_hydra_takes_one_alone():
    check_options("train", ["a=1", "--cfg", "job", "--config-dir", "mine"])
    check_options("train", ["-m", "--help"])
    with pytest.raises(ConfigurationError, match="one of the options --cfg, -m"):
        check_options("train", ["--cfg", "job", "-m"])


@pytest.mark.parametrize("option", ["-r", "--run"])
def test_study_is_not_one_run(option):
    check_options("train", ["seed=1", option])
    check_options("study", ["study=quick", "-m"])
    with pytest.raises(ConfigurationError, match=rf"^study: expected no option {option}.*study\.dry_run=true"):
        check_options("study", ["study=quick", option])


def test_study_is_a_sweep_unless_it_is_only_shown():
    assert hydra_arguments("study", ["--config-dir", "mine", "study=x"])[-1] == "--multirun"
    assert hydra_arguments("study", ["study=x", "--cfg", "job"]) == ["study=x", "--cfg", "job"]
