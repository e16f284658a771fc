import pytest

from emotion_tl.command_config import ProbeConfig
from emotion_tl.config import BackboneConfig, DataConfig
from emotion_tl.errors import ConfigurationError
from emotion_tl.probing.checks import check_probe_config
from emotion_tl.probing.probe_networks import draw_subset
from emotion_tl.training_config import TrainerConfig
from tests import tiny


def make_config(**settings) -> ProbeConfig:
    defaults = {
        "data": DataConfig(name="faces", source="synthetic_faces", num_images=50),
        "backbone": BackboneConfig(name="mobilenetv2", image_size=32, weights="imagenet"),
    }
    return ProbeConfig(**defaults | settings)


def test_usual_settings_pass():
    check_probe_config(make_config())
    from_scratch = BackboneConfig(name="baseline_cnn", image_size=48)
    check_probe_config(make_config(backbone=from_scratch, weights_compared=["random"]))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"weights_compared": []}, "weights_compared: expected one"),
        (
            {"weights_compared": ["imagenet"]},
            "weights_compared: expected one of pretrained, random. Received: imagenet",
        ),
        ({"regularisation": []}, "regularisation: expected one"),
        ({"regularisation": [0.1, 0.0]}, "regularisation"),
        ({"num_train_images": 0}, "num_train_images"),
        ({"confidence_level": 95}, "confidence_level"),
        ({"backbone": BackboneConfig(name="baseline_cnn", image_size=48)}, r"weights_compared=\[random\]"),
        ({"backbone": BackboneConfig(name="mobilenetv2", image_size=8, weights="imagenet")}, "at least 32"),
        ({"trainer": TrainerConfig(devices="all")}, "trainer.devices"),
    ],
)
def test_mistake_is_told_with_its_key(settings, told):
    with pytest.raises(ConfigurationError, match=told):
        check_probe_config(make_config(**settings))


def test_subset_keeps_the_shares_of_the_classes_and_the_order():
    split = tiny.make_split("train", [40, 20, 10])
    part = draw_subset(split, 35, seed=1)
    assert part.class_counts(3).tolist() == [20, 10, 5]
    assert (part.rows[1:] > part.rows[:-1]).all()
    assert (split.labels[part.rows] == part.labels).all()
    assert part.whole is split
    assert part.positions_in_whole().tolist() == part.rows.tolist()
    part_of_part = draw_subset(part, 7, seed=1)
    assert part_of_part.whole is split
    assert (split.image_ids[part_of_part.positions_in_whole()] == part_of_part.image_ids).all()
    assert draw_subset(split, 35, seed=1).fingerprint == part.fingerprint
    assert draw_subset(split, 35, seed=2).fingerprint != part.fingerprint
    assert draw_subset(split, 70, seed=1) is split
    assert draw_subset(split, None, seed=1) is split


def test_subset_without_an_image_of_a_small_class_is_told():
    with pytest.raises(ConfigurationError, match=r"10 of 205, which leave 1 of the classes without one\."):
        draw_subset(tiny.make_split("train", [100, 100, 5]), 10, seed=0)


def test_subset_too_small_for_the_classes_is_told():
    with pytest.raises(ConfigurationError, match="num_train_images"):
        draw_subset(tiny.make_split("train", [4, 4, 4]), 2, seed=0)
