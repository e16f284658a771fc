"""The drawn faces: the same for the same generator, told apart by their expression, and not by single pixels."""

from dataclasses import fields, replace

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier

from emotion_tl.data.drawing import EXPRESSIONS, draw_face
from emotion_tl.data.drawing_canvas import Canvas, Pose, both_sides, curve
from emotion_tl.data.drawing_features import draw_person
from emotion_tl.data.drawing_parameters import HAIR_STYLES, ActionUnits, Person
from emotion_tl.errors import ConfigurationError

FRONTAL = Pose(roll=0.0, yaw=0.0, pitch=0.0, scale=0.4, shift=0j, gaze=0j)


def draw(class_name: str, seed: int, size: int = 48) -> np.ndarray:
    return draw_face(class_name, np.random.default_rng(seed), size)


def draw_grey(num_images: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns images as rows, float (num_images, size * size), and their classes, all equally frequent."""
    labels = np.arange(num_images) % len(EXPRESSIONS)
    faces = [draw(EXPRESSIONS[label], seed, size).mean(axis=2) for seed, label in enumerate(labels)]
    return np.stack(faces).reshape(num_images, -1) / 255, labels


def draw_units(person: Person, pose: Pose = FRONTAL, **units: float) -> np.ndarray:
    """Returns a person with these action units on a plain background, without light and noise, float (96, 96, 3)."""
    canvas = Canvas(np.full((96, 96, 3), 128, np.uint8), pose)
    draw_person(canvas, person, ActionUnits(**units))
    return canvas.pixels.astype(float)


def make_person(**changes) -> Person:
    bare = {"hair_style": "bald", "has_glasses": False, "beard": 0.0}
    return replace(Person.sample(np.random.default_rng(0)), **bare | changes)


def test_expressions_are_the_basic_seven():
    assert EXPRESSIONS == ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")


@pytest.mark.parametrize("class_name", EXPRESSIONS)
def test_same_generator_state_gives_same_bytes(class_name):
    face = draw(class_name, 3)
    assert face.dtype == np.uint8
    assert face.shape == (48, 48, 3)
    np.testing.assert_array_equal(face, draw(class_name, 3))
    assert (face != draw(class_name, 4)).mean() > 0.5


def test_generator_moves_on_from_face_to_face():
    generator = np.random.default_rng(0)
    assert (draw_face("happy", generator) != draw_face("happy", generator)).any()


def test_global_random_state_has_no_say():
    np.random.seed(1)
    face = draw("sad", 0)
    np.random.seed(2)
    np.testing.assert_array_equal(face, draw("sad", 0))


def test_unknown_expression_is_told_the_right_ones():
    with pytest.raises(ConfigurationError, match=r"angry, disgust, fear, happy, neutral, sad, surprise.*'joy'"):
        draw("joy", 0)


def test_expressions_differ_on_the_same_person_in_the_same_picture():
    faces = np.stack([draw(class_name, 5).astype(int) for class_name in EXPRESSIONS])
    for first in range(len(faces)):
        for second in range(first):
            assert np.abs(faces[first] - faces[second])[8:44, 8:40].mean() > 1.0
    # The topmost rows hold hair and wall, on which no muscle pulls.
    np.testing.assert_array_equal(faces[:, :3], np.broadcast_to(faces[0, :3], faces[:, :3].shape))


@pytest.mark.parametrize("size", [24, 33, 48, 96])
def test_other_sizes_show_the_same_face(size):
    face, larger = draw("surprise", 2, size), draw("surprise", 2, 4 * size)
    assert face.shape == (size, size, 3)
    averaged = larger.reshape(size, 4, size, 4, 3).mean(axis=(1, 3))
    assert np.corrcoef(face.ravel(), averaged.ravel())[0, 1] > 0.9


def test_no_face_is_lost_in_dark_glare_or_noise():
    faces = np.stack([draw(EXPRESSIONS[seed % 7], seed) for seed in range(210)])[:, 8:40, 8:40].astype(float)
    assert faces.mean(axis=(1, 2, 3)).min() > 10
    assert faces.mean(axis=(1, 2, 3)).max() < 245
    assert faces.std(axis=(1, 2, 3)).min() > 8


def test_pixels_alone_tell_little():
    images, labels = draw_grey(1050, size=24)
    train, test = slice(0, 700), slice(700, None)
    accuracy = RidgeClassifier(alpha=10.0).fit(images[train], labels[train]).score(images[test], labels[test])
    assert 1.5 / len(EXPRESSIONS) < accuracy < 0.6


@pytest.mark.parametrize("unit", [field.name for field in fields(ActionUnits)])
def test_every_action_unit_is_seen(unit):
    person = make_person()
    change = np.abs(draw_units(person, **{unit: 1.0}) - draw_units(person)).max(axis=2)
    assert (change > 20).sum() >= 15


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("hair", {"hair_style": "short"}),
        ("beard", {"beard": 0.8}),
        ("glasses", {"has_glasses": True}),
        ("brows", {"brow_thickness": 0.11, "brow_height": 0.36}),
    ],
)
def test_people_differ(part, changes):
    plain, changed = draw_units(make_person(brow_thickness=0.05)), draw_units(make_person(**changes))
    assert (np.abs(changed - plain).max(axis=2) > 20).sum() > 20, part


def test_every_hair_style_is_drawn_differently():
    heads = [draw_units(make_person(hair_style=style)).tobytes() for style in HAIR_STYLES]
    assert len(set(heads)) == len(HAIR_STYLES)


def test_frontal_face_is_symmetric_and_yaw_moves_features_sideways():
    person = make_person()
    dark = draw_units(person).mean(axis=2) < 60
    turned = draw_units(person, replace(FRONTAL, yaw=0.3)).mean(axis=2) < 60
    column = np.arange(96)
    assert (dark.sum(axis=0) @ column) / dark.sum() == pytest.approx(47.5, abs=0.5)
    assert (turned.sum(axis=0) @ column) / turned.sum() > 51


def test_intensity_varies_and_never_exceeds_the_full_pull():
    generator = np.random.default_rng(0)
    smiles = [ActionUnits.sample("happy", generator).lip_corner_puller for _ in range(300)]
    assert min(smiles) < 0.5
    assert max(smiles) == 1.0


def test_curve_passes_through_its_points_and_its_mirror_image():
    right, left = both_sides(curve(1 + 0j, 2 - 1j, 3 + 0j))
    np.testing.assert_allclose(right[[0, 6, 12]], [1, 2 - 1j, 3], atol=1e-12)
    np.testing.assert_allclose(left[[0, 6, 12]], [-1, -2 - 1j, -3], atol=1e-12)
