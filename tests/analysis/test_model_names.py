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
    assert name_models(
        [
            settings("backbone=vgg16", "imbalance=focal", "head.dropout=0.1"),
            settings("backbone=vgg16", "imbalance=class_weight", "head.dropout=0.1"),
            settings("backbone=vgg16", "head.dropout=0.2", "tracking.run_name=mine", "cache_dir=x"),
            settings("backbone=vgg16", "head.dropout=0.1", "data.train_fraction=0.5"),
        ]
    ) == [
        "vgg16-frozen_then_unfrozen, dropout=0.1, imbalance=focal",
        "vgg16-frozen_then_unfrozen, dropout=0.1, imbalance=class_weight",
        "vgg16-frozen_then_unfrozen, dropout=0.2",
        "vgg16-frozen_then_unfrozen, train_fraction=0.5, dropout=0.1",
    ]


def test_more_of_a_key_where_its_end_is_not_enough():
    phases = "schedule.phases"
    assert name_models(
        [
            settings("backbone=vgg16"),
            settings("backbone=vgg16", f"{phases}.frozen.epochs=1", f"{phases}.unfrozen.epochs=2"),
        ]
    ) == [
        "vgg16-frozen_then_unfrozen, frozen.epochs=5, unfrozen.epochs=10",
        "vgg16-frozen_then_unfrozen, frozen.epochs=1, unfrozen.epochs=2",
    ]


def test_what_differs_among_those_that_the_name_of_a_group_does_not_tell_apart():
    assert name_models(
        [
            settings("backbone=vgg16", "imbalance=focal"),
            settings("backbone=vgg16", "imbalance=focal", "imbalance.focal_gamma=3.0"),
            settings("backbone=vgg16", "imbalance=class_weight"),
            settings("backbone=vgg16"),
        ]
    ) == [
        "vgg16-frozen_then_unfrozen, imbalance=focal, focal_gamma=2.0",
        "vgg16-frozen_then_unfrozen, imbalance=focal, focal_gamma=3.0",
        "vgg16-frozen_then_unfrozen, imbalance=class_weight",
        "vgg16-frozen_then_unfrozen",
    ]


def test_the_order_of_the_phases_where_it_is_not_the_usual_one():
    usual = settings("backbone=vgg16")
    phases = dict(reversed(usual["schedule"]["phases"].items()))
    assert name_models([usual, usual | {"schedule": usual["schedule"] | {"phases": phases}}]) == [
        "vgg16-frozen_then_unfrozen",
        "vgg16-frozen_then_unfrozen, phase_order=unfrozen then frozen",
    ]


def test_a_number_where_no_setting_tells_them_apart():
    same = settings("backbone=vgg16")
    assert name_models([same, same]) == ["vgg16-frozen_then_unfrozen (1)", "vgg16-frozen_then_unfrozen (2)"]
