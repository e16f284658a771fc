"""What is told of overrides that Hydra refuses."""

import shlex

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from emotion_tl.cli.refusals import in_quotation_marks, reason_of_refusal
from tests.runs import CONF


def refusal(command, *overrides):
    """Returns what is told of overrides that Hydra refuses."""
    with pytest.raises(HydraException) as error, initialize_config_dir(str(CONF), version_base="1.3"):
        compose(command, list(overrides))
    return reason_of_refusal(error.value, command, overrides)


@pytest.mark.parametrize(
    ("command", "override", "told"),
    [
        ("train", "bakbone=vgg16", "There is no setting bakbone. Did you mean backbone"),
        ("train", "backbone.ouput_block=x", "Did you mean backbone.output_block? --cfg job shows all settings."),
        ("train", "dataset=fer2013", "Did you mean data?"),
        ("train", "~head.droput", "There is no setting head.droput. Did you mean head.dropout?"),
        ("train", "image_size=75", "Did you mean data.image_size or backbone.image_size?"),
        ("train", "xyzzy=1", "There is no setting xyzzy. --cfg job shows all settings."),
        ("study", "study.dryrun=true", "Did you mean study.dry_run?"),
        ("train", "hydra.swep.dir=x", "Did you mean hydra.sweep.dir or hydra.run.dir? --cfg hydra shows all"),
        ("compare", "output=x", "Did you mean output_dir?"),
        ("train", "+seed=1", "seed: expected no plus before a setting that is there. Received: +seed"),
        ("train", "backbone=alexnet", "backbone: expected one of baseline_cnn, inceptionv3"),
    ],
)
def test_key_that_nobody_knows_is_told_with_the_one_that_is_meant(command, override, told):
    reason = refusal(command, override)
    assert told in reason
    assert "append" not in reason


def test_setting_of_another_option_is_told_with_the_options_that_have_it():
    reason = refusal("train", "data.label_column=feeling")
    assert reason == "data.label_column: data=synthetic_faces has no such setting. These have it: data=csv"


def test_chosen_options_are_those_that_are_compared_with():
    assert "from_scratch.epochs" in refusal("train", "backbone=baseline_cnn", "epochs=3")
    assert "study.arms.inceptionv3_frozen" in refusal("study", "study=laptop", "inceptionv3_frozen={}")


def test_new_entry_where_names_are_free_is_told_with_its_plus():
    assert "'+study.arms.mine=...'" in refusal("study", "study.arms.mine={backbone:vgg16}")
    assert "'+tracking.tags.mine=...'" in refusal("train", "tracking.tags.mine=1")


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("data.path=~/faces", "\"data.path='~/faces'\""),
        ("data.path=/faces (1)", "\"data.path='/faces (1)'\""),
        ("data.path=a=b", "\"data.path='a=b'\""),
        ("data.path=/a,b", "A text with a comma needs quotation marks, \"data.path='/a,b'\""),
        ("seed=0,1", "a list needs brackets, seed=[0,1]; -m tries one value after the other."),
        ("data.path='a", "expected a text that ends with the quotation mark"),
        ("data.classes=[a,b", "expected a list"),
        ("seed", "expected key=value. Received: seed"),
    ],
)
def test_value_that_hydra_cannot_read_is_told_with_how_it_is_typed(override, told):
    assert told in refusal("train", "data=fer2013", override)


@pytest.mark.parametrize("path", ["~/faces", "/it's (1)", "$HOME/a,b", 'say "x"', "C:\\faces", "plain"])
def test_what_is_told_gives_the_value_when_it_is_typed(path):
    (typed,) = shlex.split(in_quotation_marks(f"data.path={path}"))
    assert OverridesParser.create().parse_override(typed).value() == path
