"""What models are called."""

from emotion_tl.analysis.model_names import name_models
from emotion_tl.config import to_plain
from tests.runs import compose_config


def settings(*overrides: str) -> dict:
    return to_plain(compose_config(list(overrides)))


def test_short_where_that_is_enough():
    assert name_models(
        [
            settings("backbone=inceptionv3", "backbone.output_block=mixed4", "seed=1"),
            settings("backbone=baseline_cnn"),
            settings("backbone=vgg_fer"),
            settings("backbone=inceptionv3", "backbone.weights=null", "schedule=full"),
        ]
    ) == [
        "inceptionv3-mixed4-frozen_then_unfrozen",
        "baseline_cnn-from_scratch",
        "vgg_fer-from_scratch_sgd",
        "inceptionv3-random_weights-full",
    ]


def test_what_differs_where_it_is_not():
    first, second, third = name_models(
        [
            settings("backbone=vgg16", "imbalance=focal", "head.dropout=0.1"),
            settings("backbone=vgg16", "imbalance=none", "head.dropout=0.1"),
            settings("backbone=vgg16", "imbalance=none", "head.dropout=0.2", "tracking.run_name=mine", "cache_dir=x"),
        ]
    )
    assert first == "vgg16-frozen_then_unfrozen, dropout=0.1, imbalance.name=focal"
    assert second == "vgg16-frozen_then_unfrozen, dropout=0.1, imbalance.name=none"
    assert third == "vgg16-frozen_then_unfrozen, dropout=0.2, imbalance.name=none"


def test_a_number_where_no_setting_tells_them_apart():
    same = settings("backbone=vgg16")
    assert name_models([same, same]) == ["vgg16-frozen_then_unfrozen (1)", "vgg16-frozen_then_unfrozen (2)"]
